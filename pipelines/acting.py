"""Actions of a run beyond messages: decided from what the run has stored, sealed, and kept as its slice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pandas as pd

from decisioning.acting.act import Known, act
from decisioning.acting.expressions import selected
from decisioning.acting.policies import check_policies
from decisioning.acting.records import SealedActions, joint_root, seal_actions
from decisioning.acting.settings import ActionSettings, MoneySettings
from decisioning.acting.subjects import Subjects, attribute_table, subjects_of
from decisioning.actions import verb_named
from decisioning.decision_log import merkle_root, with_erased
from decisioning.experiments import is_held_out
from forecasting.errors import TooLittleDataError
from forecasting.values.spend_curves import SpendCurves
from graph.view import View
from lake.performed import Performed
from lake.runs import RunRow
from pipelines.day import Day
from pipelines.playbook_scores import ScoresFile
from pipelines.playbook_settings import acting_settings
from pipelines.scoring import QUALIFICATION, SCORES, STAGES, SURGES
from pipelines.stored import canonical_tables, stored_view

ACTIONS: Final = "actions"
CURVES: Final = "forecast_spend_curves"
BEFORE: Final = "actions_before"
ERASED_ACTIONS: Final = "erased_actions"
NOTHING_SCORED: Final = pd.DataFrame(
    {name: pd.Series(dtype=object) for name in ("subject_kind", "account_id", "name", "value", "stage", "people")}
)
TABLES: Final = ("accounts", "campaigns", "channels", "spend")


@dataclass(frozen=True, eq=False)
class Acting:
    """What deciding a run's actions gives: sealed records, and counts."""

    sealed: SealedActions
    summary: dict[str, Any]


def store_curves(day: Day, run: RunRow) -> dict[str, Any]:
    """Fit what spend brings and keep it, where a rule of the playbook spends; facts for the ledger, else none.

    Raises:
        ForecastingError: The tables are wrong; that they tell too little is no error.
    """
    settings = acting_settings(day.playbook)
    if settings is None or not any(verb_named(rule.verb).is_spending for rule in settings.rules):
        return {}
    from forecasting.media_mix.curves import curves_to_table, spend_curves
    from pipelines.forecasts.catalogue import part

    media = part("media")
    try:
        curves = spend_curves(
            canonical_tables(day, run, media.tables),
            media.settings(day.playbook),
            as_of=run.identity.as_of,
            timezone=day.playbook.timezone,
            seed=run.identity.seed,
        )
    except TooLittleDataError as error:
        return {"spend_curves": {"is_known": False, "because": error.what}}
    day.lake.write_slice(CURVES, run.run_id, curves_to_table(curves))
    grades = {str(key): str(grade) for key, grade in zip(curves.channel_id, curves.grade, strict=True)}
    return {"spend_curves": {"is_known": True, "grades": grades}}


def decide_actions(day: Day, run: RunRow, decisions_root: str) -> dict[str, Any]:
    """Decide a run's actions and keep them as its slice; facts for the ledger, none without `actions.yaml`.

    Raises:
        WarrantError: A rule or a policy does not fit what is known.
    """
    if acting_settings(day.playbook) is None:
        return {}
    history = Performed(day.lake).before(_day_of(run))
    if len(history):
        # what is carried out later on must not change what a replay knows
        day.lake.write_slice(BEFORE, run.run_id, history.drop(columns="run_id"))
    acted = act_run(day, run, history)
    if len(acted.sealed.frame):
        day.lake.write_slice(ACTIONS, run.run_id, acted.sealed.frame)
    return {
        "actions": {
            "root": acted.sealed.root,
            "joint_root": joint_root(decisions_root, acted.sealed.root),
            "history": len(history),
            "summary": acted.summary,
        }
    }


def act_run(day: Day, run: RunRow, history: pd.DataFrame | None = None) -> Acting:
    """Decide the actions of a run from what it has stored.

    Args:
        day: Of the run.
        run: A run whose forecasts are there.
        history: What was carried out before its day; None for what it was decided by.

    Raises:
        WarrantError: A rule or a policy does not fit what is known, or a policy does not do what its own tests say.
    """
    settings = acting_settings(day.playbook)
    if settings is None:
        raise AssertionError("the playbook has actions.yaml")
    history = _stored_history(day, run) if history is None else history
    budgets = _budgets(settings.money, history, _day_of(run))
    subjects = run_subjects(day, run, settings, budgets)
    for problem in check_policies(settings.policies, subjects):
        raise problem
    told = run.steps["forecast"]["facts"].get("spend_curves", {})
    known = Known(
        as_of=run.identity.as_of,
        history=_history(history, _day_of(run)),
        budgets=budgets,
        curves=_curves(day, run, told),
        no_curves_because=str(told.get("because", "")),
        versions={
            "code": run.identity.code_version,
            "playbook": run.identity.playbook_digest,
            "view": str(run.steps["relate"]["facts"]["view"]),
        },
        used=_used_by_the_erased(day, run),
    )
    acted = act(subjects, settings, known)
    return Acting(seal_actions(acted.records, run_id=run.run_id), acted.summary)


def run_subjects(day: Day, run: RunRow, settings: ActionSettings, budgets: Mapping[str, float]) -> Subjects:
    """All that a run's actions may be about."""
    view = stored_view(day, run)
    stated = day.playbook.scores
    names = (SCORES, STAGES, SURGES) if stated else ()
    scores = {name: day.lake.read_slice(name, run.run_id) for name in names}
    tables = canonical_tables(day, run, TABLES)
    scores_of_accounts = account_scores(scores, stated, tables["accounts"]["account_id"])
    return subjects_from(day, view, tables, scores_of_accounts, settings=settings, budgets=budgets)


def subjects_from(
    day: Day,
    view: View,
    tables: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame,
    *,
    settings: ActionSettings,
    budgets: Mapping[str, float],
) -> Subjects:
    """All that actions may be about, from a view and canonical tables at hand."""
    warrant = day.playbook.warrant
    held_out = is_held_out(view, share=warrant.holdout_share, salt=warrant.holdout_salt)
    customers = view.customers.frame.rename(columns={"key": "customer_id"}).assign(is_held_out=held_out)
    audiences = {}
    if any(rule.subject_kind == "audience" for rule in settings.rules):
        table = attribute_table(customers.rename(columns=lambda name: f"customer.{name}"))
        audiences = {
            name: int(selected(text, table, where=f"audience {name}").sum())
            for name, text in sorted(settings.audiences.items())
        }
    return subjects_of(
        {**tables, "customers": customers},
        account_scores=scores,
        consents=_consents(view),
        money=settings.money,
        budgets=budgets,
        audiences=audiences,
        as_of=view.as_of,
        timezone=settings.timezone,
    )


def account_scores(
    scores: Mapping[str, pd.DataFrame], stated: ScoresFile | None, account_ids: "pd.Series[str]"
) -> pd.DataFrame:
    """Scores, stages and surges of accounts: `<score>_score`, `qualification`, `is_<surge>_surge`, `<surge>_people`.

    All that the playbook states is a column, also where nobody has any of it.

    Args:
        scores: `SCORES`, `STAGES` and `SURGES` of a run; empty where nothing was scored yet.
        stated: The playbook's `scores.yaml`.
        account_ids: All accounts; where nobody surges, nobody does.
    """
    if stated is None:
        return pd.DataFrame({"account_id": pd.Series(dtype=object)})
    points, stages, found = (scores.get(name, NOTHING_SCORED) for name in (SCORES, STAGES, SURGES))
    points, stages = (rows[rows["subject_kind"] == "account"] for rows in (points, stages))
    told = pd.DataFrame({"account_id": account_ids.to_numpy(dtype=object)}, dtype=object)

    def of(rows: pd.DataFrame, column: str) -> "pd.Series[Any]":
        return told["account_id"].map(rows.set_index("account_id")[column])

    for name in (name for name, score in stated.scores.items() if score.of == "account"):
        told[f"{name}_score"] = of(points[points["name"] == name], "value").astype(float)
    if any(stage.of == "account" for stage in stated.stages.values()):
        told[QUALIFICATION] = of(stages, "stage").astype(object)
    for name in stated.surges:
        here = found[found["name"] == name]
        told[f"is_{name}_surge"] = told["account_id"].isin(here["account_id"])
        told[f"{name}_people"] = of(here, "people").fillna(0).astype(float)
    return told


def stored_actions(day: Day, run: RunRow) -> pd.DataFrame | None:
    """The sealed actions of a run, None where it decided none."""
    told = run.steps.get("decide", {}).get("facts", {}).get(ACTIONS)
    if told is None or not told["summary"]["proposed"]:
        return None
    return (
        day.lake.read_slice(ACTIONS, run.run_id).sort_values("action_id", ignore_index=True).assign(run_id=run.run_id)
    )


def erased_actions(day: Day, run: RunRow) -> pd.DataFrame:
    """What stays of erased actions: `place` in order of action_id, `digest`, `verb`, whether a limit was `used`."""
    rows = day.lake.read_log(ERASED_ACTIONS)
    columns = ["run_id", "place", "digest", "verb", "used"]
    if rows is None:
        return pd.DataFrame(columns=columns)
    mine: pd.DataFrame = rows.loc[rows["run_id"] == run.run_id, columns].sort_values("place", ignore_index=True)
    return mine


def actions_in_short(run: RunRow) -> dict[str, Any] | None:
    """What a run decided and delivered beside messages, for its description; None without `actions.yaml`."""
    decided = run.steps.get("decide", {}).get("facts", {}).get(ACTIONS)
    if decided is None:
        return None
    delivered = run.steps.get("deliver", {}).get("facts", {}).get(ACTIONS, {})
    return {
        **decided["summary"],
        "root": decided["root"],
        "joint_root": decided["joint_root"],
        "delivered": delivered.get("delivered", {}),
        "withheld": delivered.get("withheld", {}),
        "files": delivered.get("files", []),
    }


def replayed_actions(day: Day, run: RunRow) -> dict[str, Any] | None:
    """Actions decided again from what the run stored, held against its record; None where it decided none."""
    told = run.steps["decide"]["facts"].get(ACTIONS)
    if told is None:
        return None
    again = act_run(day, run).sealed
    root = merkle_root(with_erased(again.frame["digest"].tolist(), erased_places(day, run)))
    return {
        "records": len(again.frame),
        "is_equal": root == told["root"],
        "recorded_root": told["root"],
        "replayed_root": root,
    }


def erased_places(day: Day, run: RunRow) -> dict[int, str]:
    """Digests of a run's erased actions by their place."""
    rows = erased_actions(day, run)
    return {int(place): str(digest) for place, digest in zip(rows["place"], rows["digest"], strict=True)}


def keep_action_digests(day: Day, customer_ids: frozenset[str]) -> list[dict[str, Any]]:
    """Keep place, digest and verb of all actions about a person, so that roots hold; once each."""
    kept = []
    for run in day.ledger.having("decide"):
        actions, erased = stored_actions(day, run), erased_actions(day, run)
        if actions is None:
            continue
        here = sorted(set(range(len(actions) + len(erased))) - set(erased["place"].astype(int)))
        is_theirs = actions["customer_id"].isin(list(customer_ids)) & ~actions["digest"].isin(erased["digest"])
        rows = [
            {
                "run_id": run.run_id,
                "place": here[row],
                "digest": str(actions["digest"].iloc[row]),
                "verb": str(actions["verb"].iloc[row]),
                "used": bool(actions["status"].iloc[row] == "go" and not actions["is_ghost"].iloc[row]),
            }
            for row in range(len(actions))
            if is_theirs.iloc[row]
        ]
        if rows:
            day.lake.append_log(ERASED_ACTIONS, rows)
        kept += [{name: row[name] for name in ("run_id", "place", "digest")} for row in rows]
    return kept


def _day_of(run: RunRow) -> date:
    return date.fromisoformat(str(run.about["day"]))


def _stored_history(day: Day, run: RunRow) -> pd.DataFrame:
    told = run.steps["decide"]["facts"][ACTIONS]
    if not told["history"]:
        return Performed(day.lake).before(date.min)
    return day.lake.read_slice(BEFORE, run.run_id).assign(run_id=None)


def _history(rows: pd.DataFrame, today: date) -> pd.DataFrame:
    ago = [(today - date.fromisoformat(day)).days for day in rows["day"]]
    return rows[["verb", "subject_kind", "subject_id", "same_as"]].assign(
        days_ago=pd.Series(ago, rows.index, dtype=float)
    )


def _budgets(money: MoneySettings | None, history: pd.DataFrame, today: date) -> dict[str, float]:
    """What each channel has this month, after the moves of its days before."""
    if money is None:
        return {}
    budgets = {one.channel_id: one.budget for one in money.budgets}
    is_of_month = history["day"].str.startswith(today.isoformat()[:7]).astype(bool)
    for row in history[is_of_month & (history["verb"] == "move_budget")].to_dict("records"):
        told = json.loads(row["parameters"])
        for channel_id, amount in ((row["subject_id"], -told["amount"]), (told["to"], told["amount"])):
            if channel_id in budgets:
                budgets[channel_id] += amount
    return budgets


def _curves(day: Day, run: RunRow, told: Mapping[str, Any]) -> SpendCurves | None:
    from forecasting.media_mix.curves import curves_from_table

    return curves_from_table(day.lake.read_slice(CURVES, run.run_id)) if told.get("is_known") else None


def _consents(view: View) -> pd.DataFrame:
    links = view.consents
    return pd.DataFrame(
        {
            "customer_id": view.customers.keys[links.sources],
            "channel_id": view.channels.keys[links.targets],
            "granted": links.facts["granted"],
            "basis": links.facts["basis"],
        }
    )


def _used_by_the_erased(day: Day, run: RunRow) -> dict[str, int]:
    rows = erased_actions(day, run)
    used = rows[rows["used"].astype(bool)]["verb"].value_counts() if len(rows) else pd.Series(dtype=int)
    return {str(verb): int(count) for verb, count in used.items()}
