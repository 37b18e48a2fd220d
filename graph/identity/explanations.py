"""Why an alias is one: the person who decided it, else the identifier that led there first."""

import numpy as np
import pandas as pd

from graph.identity.components import counts_of
from graph.identity.decisions import Decisions
from graph.identity.evidence import LOGIN, Evidence
from graph.identity.parties import NEVER, Codes
from graph.identity.values import ALIAS_COLUMNS, RULE, VISITOR
from graph.identity.visitors import Owners


def alias_table(evidence: Evidence, decisions: Decisions, owners: Owners) -> pd.DataFrame:
    """One row per alias, in order of it; columns `ALIAS_COLUMNS`."""
    parties, label = evidence.parties, owners.label
    alias = np.flatnonzero(label != np.arange(len(parties)))
    told = pd.DataFrame({"party": alias, "alias": parties.texts(alias), "customer_id": parties.texts(label[alias])})
    why = _by_rule(evidence, label, alias).set_index("party")
    told = told.join(why, on="party").assign(decided_by=RULE, because=None)
    by_people = _by_people(decisions).reindex(told["alias"])
    is_decided = by_people["decided_by"].notna().to_numpy()
    for name in by_people.columns:
        told[name] = told[name].astype(object).mask(is_decided, by_people[name].to_numpy())
    told["at"] = pd.to_datetime(told["at"], utc=True).astype("datetime64[us, UTC]")
    told = told.astype(dict.fromkeys(set(ALIAS_COLUMNS) - {"at"}, object))
    return told[list(ALIAS_COLUMNS)].sort_values("alias", ignore_index=True)


def _by_rule(evidence: Evidence, label: Codes, alias: Codes) -> pd.DataFrame:
    """The earliest identifier that an alias shares with its survivor's others: `party`, `evidence`, `at`."""
    rows = pd.DataFrame(
        {
            "party": np.concatenate([evidence.held.party, evidence.left.party]),
            "identifier": np.concatenate([evidence.held.identifier, evidence.left.identifier]),
            "at": np.concatenate([evidence.held.moment, evidence.left.moment]),
        }
    )
    is_inside = np.zeros(len(label), dtype=np.bool_)
    is_inside[alias] = True
    is_inside[label[alias]] = True
    rows = rows[is_inside[rows["party"]]]
    rows = rows.assign(place=rows.groupby([label[rows["party"]], "identifier"]).ngroup())
    rows = rows[counts_of(rows["place"].to_numpy(dtype=np.int64), len(rows) + 1)[rows["place"]] > 1]
    found = pd.DataFrame(
        {
            "party": rows["party"],
            "at": rows["at"],
            "evidence": evidence.identifiers.texts(rows["identifier"].to_numpy(dtype=np.int64)),
        }
    )
    found = pd.concat([found, _logins(evidence, label)], ignore_index=True)
    first = found.sort_values(["party", "at", "evidence"], kind="stable").drop_duplicates("party")
    moment = first["at"].where(first["at"] < NEVER)
    return first.assign(at=pd.to_datetime(moment.astype("Int64"), unit="us", utc=True))


def _logins(evidence: Evidence, label: Codes) -> pd.DataFrame:
    """Logins speak for both of their ends."""
    logins = evidence.logins
    is_inside = label[logins.visitor] == label[logins.customer]
    visitor, customer, at = (one[is_inside] for one in (logins.visitor, logins.customer, logins.moment))
    names = pd.Series(evidence.parties.texts(visitor), dtype=object).str.removeprefix(VISITOR)
    said = (f"{LOGIN}:" + names).to_numpy(dtype=object)
    both = {"party": np.concatenate([visitor, customer]), "at": np.tile(at, 2), "evidence": np.tile(said, 2)}
    return pd.DataFrame(both)


def _by_people(decisions: Decisions) -> pd.DataFrame:
    """Of the ties at an id the one decided last: `decided_by`, `evidence`, `at`, `because`, by id."""
    rows = [
        (end, tie.decided_by, f"journal:{tie.position}", tie.at, tie.because)
        for tie in decisions.ties
        for end in tie.ids
    ]
    frame = pd.DataFrame(rows, columns=["id", "decided_by", "evidence", "at", "because"], dtype=object)
    return frame.drop_duplicates("id", keep="last").set_index("id")
