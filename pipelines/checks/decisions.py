"""Checks of what a run has found and decided, against tables, limits and consent, from the stored record alone."""

import math
from collections.abc import Iterator

import pandas as pd

from lake.runs import RunRow
from pipelines.checks.check import Check, Finding, found
from pipelines.day import Day
from pipelines.graph_access import playbook_graph
from pipelines.playbook_settings import decision_settings
from pipelines.stored import MOTIVES, canonical_tables, stored_records
from pipelines.subjects.erased import erased_digests

MARKETING = "marketing"
NO_EVIDENCE = "[]"
DUST = 1e-6
TAMPERED = "Nobody but Warrant may write to the lake. If nobody did, report this as a defect; send nothing of this run."

DECIDED_CUSTOMERS = """
MATCH (:Decision {run_id: $run_id})-[:FOR]->(customer:Customer) RETURN collect(customer.customer_id) AS customers
"""


def sends_of(records: pd.DataFrame) -> pd.DataFrame:
    """The decisions that are to be delivered: sends to customers who are not held out."""
    return records[(records["verb"] == "send") & ~records["is_ghost"]]


def consenting(consents: pd.DataFrame, as_of: pd.Timestamp) -> pd.MultiIndex:
    """Customers and channels whose latest word on marketing before `as_of` is yes; of two at once, the no holds."""
    known = consents[consents["recorded_at"].isna() | (consents["recorded_at"] < as_of)]
    words = known[known["purpose"] == MARKETING].assign(is_granted=lambda frame: frame["granted"].eq(other=True))
    ordered = words.sort_values(["recorded_at", "is_granted"], ascending=[True, False], na_position="first")
    latest = ordered.drop_duplicates(["customer_id", "channel_id"], keep="last")
    return pd.MultiIndex.from_frame(latest.loc[latest["is_granted"], ["customer_id", "channel_id"]])


def without_consent(day: Day, run: RunRow, sends: pd.DataFrame) -> list[str]:
    """Customers of `sends` who had not agreed to the channel when the run was opened."""
    consents = canonical_tables(day, run, ["consents"])["consents"]
    asked = pd.MultiIndex.from_frame(sends[["customer_id", "channel_id"]])
    has_agreed = asked.isin(consenting(consents, pd.Timestamp(run.identity.as_of)))
    return list(sends.loc[~has_agreed, "customer_id"])


def _motives_are_grounded(day: Day, run: RunRow) -> Finding:
    motives = day.lake.read_slice(MOTIVES, run.run_id)
    known = canonical_tables(day, run, ["customers"])["customers"]["customer_id"]
    has_evidence = motives["evidence"].notna() & (motives["evidence"] != NO_EVIDENCE)
    # A campaign is a person's wish, not a conclusion from what a customer did.
    needs_evidence = ~motives["subject"].str.startswith("campaign/")
    return found(
        {
            "unknown customers": motives.loc[~motives["customer_id"].isin(known), "customer_id"].unique(),
            "without evidence": motives.loc[needs_evidence & ~has_evidence, "customer_id"].unique(),
            "over before they begin": motives.loc[motives["until"] <= motives["starts_at"], "customer_id"].unique(),
        },
        motives=len(motives),
    )


def _one_each(day: Day, run: RunRow) -> Finding:
    decided = stored_records(day, run)["customer_id"]
    known = canonical_tables(day, run, ["customers"])["customers"]["customer_id"]
    return found(
        {
            "decided twice": decided[decided.duplicated()].tolist(),
            "unknown": decided[~decided.isin(known)].tolist(),
            "without a decision": known[~known.isin(decided)].tolist(),
        },
        customers=len(known),
    )


def _within_limits(day: Day, run: RunRow) -> Finding:
    sends = sends_of(stored_records(day, run))
    exceeded = {
        name: f"{used:,.6g} of {amount:,.6g}" for name, used, amount in _used(day, sends) if used > amount + DUST
    }
    return found({"exceeded": exceeded}, sends=len(sends))


def _used(day: Day, sends: pd.DataFrame) -> Iterator[tuple[str, float, float]]:
    """Name, used amount and limit of everything that the playbook limits."""
    settings = decision_settings(day.playbook)
    for channel in settings.channels:
        here = sends[sends["channel_id"] == channel.channel_id]
        if channel.capacity is not None:
            yield f"{channel.channel_id} capacity", len(here), channel.capacity
        if channel.budget is not None:
            yield f"{channel.channel_id} budget", math.fsum(here["touch_cost"]), channel.budget
    if settings.budget is not None:
        yield "total budget", math.fsum(sends["touch_cost"]), settings.budget


def _within_bound(day: Day, run: RunRow) -> Finding:
    summary = run.steps["decide"]["facts"]["summary"]
    value, bound = summary["value"], summary["bound"]
    recorded = math.fsum(sends_of(stored_records(day, run))["value"])
    slack = DUST * max(abs(bound), 1.0)
    is_whole = not erased_digests(day, run)  # what was erased since is part of the day's value
    wrong = {
        "above the bound": f"{value} is more than {bound}" if value > bound + slack else "",
        "not what the records add up to": f"{recorded}" if is_whole and abs(recorded - value) > slack else "",
    }
    return found(wrong, value=value, bound=bound)


def _all_agreed(day: Day, run: RunRow) -> Finding:
    sends = sends_of(stored_records(day, run))
    return found({"without consent": without_consent(day, run, sends)}, sends=len(sends))


def _projected(day: Day, run: RunRow) -> Finding:
    from graph.read_content import read_keys
    from pipelines.projecting import later_runs, retention

    records = stored_records(day, run)
    with playbook_graph(day, "project") as store:
        present = pd.Index(store.read(DECIDED_CUSTOMERS, run_id=run.run_id)[0]["customers"], dtype=object)
        # Tables of a later day may know a customer no more; what was decided for them has left the graph too.
        known = read_keys(store, ["Customer"])["Customer"]
    keeps = retention(day)
    newest = max([run.identity.as_of, *(later.identity.as_of for later in later_runs(day, run.identity.as_of))])
    oldest = keeps.oldest(newest)
    is_within = oldest is None or pd.Timestamp(run.identity.as_of) >= oldest
    kept = records[keeps.kept(records)] if is_within else records.head(0)
    chosen = pd.Index(kept["customer_id"]).intersection(known)
    # Whoever asks for a decision brings it into the graph, also one that the playbook does not keep there.
    return found(
        {
            "missing in the graph": chosen.difference(present),
            "not in the record": present.difference(pd.Index(records["customer_id"])),
        },
        decisions=len(present),
    )


OF_PROPOSE = (
    Check(
        "motives_have_evidence",
        "Every motive is of a known customer, has evidence in the graph, and ends after it begins.",
        _motives_are_grounded,
        remedy=TAMPERED,
    ),
)
OF_DECIDE = (
    Check(
        "every_customer_has_one_decision",
        "Every customer has exactly one decision, and every decision is about a known customer.",
        _one_each,
        remedy=TAMPERED,
    ),
    Check(
        "no_limit_is_exceeded",
        "The sends exceed no channel's capacity and no budget.",
        _within_limits,
        remedy=TAMPERED,
    ),
    Check(
        "value_is_within_the_bound",
        "The value is what the records add up to, and not above the certified bound.",
        _within_bound,
        remedy=TAMPERED,
    ),
    Check(
        "everybody_chosen_has_agreed",
        "Everybody who is to be written to has agreed to the channel.",
        _all_agreed,
        remedy=TAMPERED,
    ),
)
OF_PROJECT = (
    Check(
        "graph_holds_every_decision",
        "The graph holds every decision that the playbook keeps there, and none that was not made.",
        _projected,
        remedy="Make sure that nobody else writes to this graph, then run the day again.",
        is_done_again=True,
    ),
)
