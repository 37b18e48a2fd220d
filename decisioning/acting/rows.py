"""Proposals that were judged ▶ rows of the record."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from decisioning.acting.counterfactual import Counterfactual
from decisioning.acting.proposals import PARAMETER
from decisioning.acting.subjects import Subjects, plain
from decisioning.actions import verb_named
from decisioning.canonical import json_text, json_texts
from decisioning.experiments import HELD_OUT, TREATED
from decisioning.verb import Verb

STATED: Final = "stated"
OWN_ID: Final[Mapping[str, str]] = {
    "customer_id": "customer",
    "account_id": "account",
    "campaign_id": "campaign",
    "channel_id": "channel",
}


def action_rows(
    proposals: pd.DataFrame,
    effects: Sequence[Counterfactual | str | None],
    subjects: Subjects,
    *,
    status: np.ndarray,
    refused: Sequence[Mapping[str, str]],
    is_ghost: np.ndarray,
    basis: "pd.Series[Any]",
    versions: Mapping[str, str],
) -> pd.DataFrame:
    """One row per proposal; columns as in `records.ACTION_COLUMNS`, without action_id, run_id and as_of."""
    count = len(proposals)
    verbs = [verb_named(name) for name in proposals["verb"]]
    parameters = _parameters(proposals)
    has_effect = [isinstance(one, Counterfactual) for one in effects]
    worth = proposals["worth"].to_numpy(dtype=np.float64)
    value_basis = [
        one.told["basis"] if isinstance(one, Counterfactual) else None if np.isnan(value) else STATED
        for one, value in zip(effects, worth, strict=True)
    ]
    found = pd.DataFrame(
        {
            "verb": proposals["verb"].astype(object),
            "subject_kind": proposals["subject_kind"].astype(object),
            "subject_id": proposals["subject_id"].astype(object),
            "rule": proposals["rule_name"].astype(object),
            "reason": proposals["reason"].astype(object),
            "parameters": json_texts(parameters),
            "evidence": proposals["evidence"].astype(object),
            "status": _objects(status.tolist()),
            "refused_by": json_texts(dict(one) for one in refused),
            "is_ghost": _objects([bool(one) for one in is_ghost]),
            "arm": _objects([HELD_OUT if one else TREATED for one in is_ghost]),
            "value": worth,
            "value_low": [one.low if isinstance(one, Counterfactual) else np.nan for one in effects],
            "value_high": [one.high if isinstance(one, Counterfactual) else np.nan for one in effects],
            "value_basis": _objects(value_basis),
            "counterfactual": _objects([_counterfactual(one) for one in effects]),
            "confidence": proposals["confidence"].to_numpy(dtype=np.float64),
            "evidence_grade": _objects(
                [
                    one.grade if is_told else "assumed" if basis_of == STATED else None  # type: ignore[union-attr] # it is one where it is told
                    for one, is_told, basis_of in zip(effects, has_effect, value_basis, strict=True)
                ]
            ),
            "consequence": _objects([verb.consequence for verb in verbs]),
            "detectability": _objects([verb.detectability for verb in verbs]),
            "inverse": _objects(
                [
                    json_text(_inverse(kind, subject, verb, told))
                    for kind, subject, verb, told in zip(
                        proposals["subject_kind"], proposals["subject_id"], verbs, parameters, strict=True
                    )
                ]
            ),
            "lawful_basis": _objects([one if isinstance(one, str) else None for one in basis]),
            "leaves_through": _objects([verb.leaves_through for verb in verbs]),
            "same_as": proposals["same_as"].astype(object),
            "versions": _objects([json_text(dict(versions))] * count),
        }
    )
    return found.assign(**_identifiers(proposals, subjects))


def _objects(values: Sequence[Any]) -> "pd.Series[Any]":
    return pd.Series(list(values), dtype=object)


def _parameters(proposals: pd.DataFrame) -> list[dict[str, Any]]:
    """The parameters that each proposal states, by name."""
    told: list[dict[str, Any]] = [{} for _ in range(len(proposals))]
    for name, places in proposals.groupby("verb", sort=False).indices.items():
        for one in verb_named(str(name)).parameters:
            if PARAMETER + one.name in proposals:
                values = plain(proposals[PARAMETER + one.name].iloc[places])
                for place, value in zip(places, values, strict=True):
                    if value is not None:
                        told[place][one.name] = value
    return told


def _inverse(kind: str, subject_id: str, verb: Verb, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What takes the action back, ready to be proposed; or why nothing does."""
    if verb.inverse is None:
        return {"none_because": verb.cannot_be_undone_because}
    known = {**parameters, "subject": subject_id}
    subject = subject_id if verb.inverse.subject is None else known.get(verb.inverse.subject)
    return {
        "verb": verb.inverse.verb,
        "subject_kind": kind,
        "subject_id": subject,
        "parameters": {ours: known[theirs] for ours, theirs in verb.inverse.parameters.items() if theirs in known},
    }


def _counterfactual(effect: Counterfactual | str | None) -> str | None:
    if effect is None:
        return None
    return json_text(
        {"is_known": False, "because": effect} if isinstance(effect, str) else {"is_known": True, **effect.told}
    )


def _identifiers(proposals: pd.DataFrame, subjects: Subjects) -> "dict[str, pd.Series[Any]]":
    """Whom and what each proposal is about beside its subject: the account of a customer, the channel of a campaign."""
    found: dict[str, list[Any]] = {name: [] for name in OWN_ID}
    frames = {kind: subjects.frames[kind] for kind in set(proposals["subject_kind"])}
    columns = {
        kind: {name: frame[f"{own}.{name}"].tolist() for name, own in OWN_ID.items() if f"{own}.{name}" in frame}
        for kind, frame in frames.items()
    }
    for kind, row in zip(proposals["subject_kind"], proposals["row"].astype(np.int64), strict=True):
        for name, values in found.items():
            of_kind = columns[kind].get(name)
            values.append(None if of_kind is None else plain([of_kind[row]])[0])
    if PARAMETER + "channel" in proposals:
        said = proposals[PARAMETER + "channel"].tolist()
        found["channel_id"] = [
            one or (other if isinstance(other, str) else None)
            for one, other in zip(found["channel_id"], said, strict=True)
        ]
    return {name: _objects(values) for name, values in found.items()}
