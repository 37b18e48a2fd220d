"""What people ask of policies: do their tests hold, what does one say and do, what would another one have changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from decisioning.acting.policies import is_only_about_actions
from decisioning.comparison import compare
from decisioning.explain import refusals_of
from decisioning.policies.builtin import BUILT_IN
from decisioning.policies.check import check
from decisioning.policies.compile import ALWAYS, compile_holds, compile_policies
from decisioning.policies.own_tests import in_words as test_in_words
from decisioning.policies.own_tests import results
from decisioning.policies.rules import HOLDING, REFUSING, WITHHOLDING, Rule, read_rule
from decisioning.policies.spelling import to_text
from decisioning.policies.wording import condition_in_words, in_words
from decisioning.screening import HOLDOUT, attributes_of
from decisioning.settings import PolicySpecification
from graph.view import View
from lake.runs import RunRow
from pipelines.action_checking import attributes_of_actions
from pipelines.backfilling import backfilled
from pipelines.checking import told, view_of_sources
from pipelines.day import Day
from pipelines.deciding import decide_from, settings_of
from pipelines.errors import PlaybookError, RefusedError, UsageError
from pipelines.playbook_reading import read_policies
from pipelines.playbook_settings import decision_settings, policy_of, stated_policies
from pipelines.stored import stored_forecasts, stored_records, stored_view

Document = dict[str, Any]


def run_policy_tests(day: Day, file: Path | None = None) -> Document:
    """Run the tests that stand in the policies' own files, or in a file that is no part of the playbook yet.

    Returns:
        `playbook`, `passed`, `failed`, `untested` (policies), and `policies`: `policy`, `where`, `problems` (what keeps
        it from being tested) and `tests` with `text`, `is_passed`, `what`, `remedy`.
    """
    policies: Sequence[PolicySpecification] = stated_policies(day.playbook)
    tested = policies if file is None else _read(file)
    caps = [policy.identifier for policy in (*policies, *tested) if policy.kind == "cap"]
    view = view_of_sources(day)
    of_messages, of_actions = attributes_of(view).with_caps(caps), attributes_of_actions(day, view)
    told_of: list[Document] = []
    for policy in tested:
        attributes = of_actions if is_only_about_actions(policy) else of_messages
        problems = [
            told(finding) for finding in check([replace(policy, tests=())], {}, attributes) if not finding.is_warning
        ]
        tests = [] if problems else [_test(text, error) for text, error in results(policy, attributes)]
        skipped = [{**_test(test_in_words(test), None), "is_passed": False} for test in policy.tests if problems]
        told_of.append(
            {
                "policy": policy.identifier,
                "where": policy.where,
                "problems": problems,
                "tests": [*tests, *skipped],
            }
        )
    every = [test for policy in told_of for test in policy["tests"]]
    return {
        "playbook": day.playbook.name,
        "passed": sum(test["is_passed"] for test in every),
        "failed": sum(not test["is_passed"] for test in every),
        "untested": [policy["policy"] for policy in told_of if not policy["tests"]],
        "policies": told_of,
    }


def _test(text: str, error: Any) -> Document:
    if error is None:
        return {"text": text, "is_passed": True, "what": None, "remedy": None}
    return {"text": text, "is_passed": False, "what": error.what, "remedy": error.remedy}


def explain_policy(day: Day, identifier: str) -> Document:
    """What a policy says, what it reads, and what it did in the run that was decided last.

    Returns:
        `policy`, `kind`, `where`, `because`, `says` (in words), `when` and `condition` in canonical spelling, `terms`
        (one per bit of the verdict: what must hold of customer, asset, and between them), `attributes`, `tests`, and
        `last_run` (None before the first): `run_id`, `as_of_day`, and what it did there, by kind.

    Raises:
        UsageError: There is no such policy.
    """
    settings = decision_settings(day.playbook)
    written = {policy.identifier: policy for policy in (*BUILT_IN, *settings.policies)}
    if identifier not in written:
        raise UsageError(
            f"there is no policy `{identifier}`.",
            where=str(day.playbook.folder / "policies"),
            remedy=f"There are: {', '.join(written)}.",
        )
    policy, run = written[identifier], day.ledger.latest(step="decide")
    rule = read_rule(policy)
    view = stored_view(day, run) if run else view_of_sources(day)
    return {
        "policy": identifier,
        "kind": rule.kind.replace("_", "-"),
        "where": policy.where,
        "because": policy.because,
        "says": in_words(rule),
        "when": None if policy.when is None else to_text(rule.when),
        "condition": None if policy.expression is None else to_text(rule.expression),
        "terms": _terms(rule, settings.policies, view),
        "attributes": _attributes(rule, view),
        "tests": [test_in_words(test) for test in policy.tests],
        "last_run": _in_run(day, run, rule) if run else None,
    }


def _terms(rule: Rule, policies: Sequence[PolicySpecification], view: View) -> list[Document]:
    if rule.kind not in (*REFUSING, *HOLDING):
        return []
    make = compile_policies if rule.kind in REFUSING else compile_holds
    compiled = make(policies, attributes_of(view), is_running=True)
    place = compiled.identifiers.index(rule.identifier)
    return [
        {
            name: None if side == ALWAYS else condition_in_words(side)
            for name, side in (("customer", term.customer), ("asset", term.asset), ("between", term.crossing))
        }
        for term in compiled.terms
        if term.policy == place
    ]


def _attributes(rule: Rule, view: View) -> list[Document]:
    """Every attribute that the policy names, with its type and side; None where the data does not have it."""
    from decisioning.policies.expressions import attribute_names

    declared = attributes_of(view).with_caps([rule.identifier] if rule.kind == "cap" else []).declared
    names = attribute_names(rule.refusal) | {*rule.fields} | ({rule.by} if rule.by else set())
    found = []
    for name in sorted(names):
        stated = declared.get(name)
        side = None if stated is None else stated.side.replace("_", " and ")
        found.append({"attribute": name, "type": stated.type if stated else None, "of": side})
    return found


def _in_run(day: Day, run: RunRow, rule: Rule) -> Document:
    """What the policy did in a run, by its kind."""
    summary = run.steps["decide"]["facts"]["summary"]
    about: Document = {"run_id": run.run_id, "as_of_day": run.about["day"], "customers_in_all": summary["customers"]}
    about["unreadable"] = summary.get("unreadable_policies", {}).get(rule.identifier)
    records = stored_records(day, run)
    if rule.kind in REFUSING:
        about["was_there"] = rule.identifier in {*summary["refused_by_policy"], HOLDOUT}
        refused = [refusals_of(record).get(rule.identifier, 0) for record in records.to_dict("records")]
        about["candidates_refused"] = int(summary["refused_by_policy"].get(rule.identifier, 0))
        about["customers_refused"] = sum(count > 0 for count in refused)
    elif rule.kind in HOLDING:
        names = records["held_by"].dropna() if "held_by" in records else ()
        about["sends_held"] = sum(rule.identifier in str(each).split(", ") for each in names)
    elif rule.kind in WITHHOLDING:
        about["customers_withheld"] = summary.get("minimised", {}).get("by_policy", {}).get(rule.identifier, 0)
    else:
        about["found"] = next((one for one in summary.get("parity", []) if one["policy"] == rule.identifier), None)
    return about


@dataclass(frozen=True)
class Changed:
    """Which policies are changed: those of a file in the place of, or beside, the playbook's, and ids left out."""

    file: Path | None = None
    without: tuple[str, ...] = ()


def policy_impact(day: Day, changed: Changed, days: int) -> Document:
    """What the decisions of the last days would have been with changed policies.

    Every day is decided in hindsight (see `backfilling`), as it is and as it would be. Nothing is delivered.

    Returns:
        `playbook`, `currency`, `from`, `to`, `changes` (policy and what becomes of it), `days` (per day `day`, `run_id`
        and the comparison of `decisioning.comparison`), and `total`: `before`, `after` and `difference` of value, cost,
        sends and none, `low` and `high` of the difference in value, and per group of customers `count` and `value`.

    Raises:
        UsageError: Nothing is changed, or an id does not exist.
        RefusedError: A built-in policy would be left out.
        PlaybookError: The file's policies are wrong.
    """
    if days < 1:
        raise UsageError("there are no days to decide.", where="--days", remedy="Give a number from 1 on.")
    present = decision_settings(day.playbook).policies
    policies, changes = _with_changes(day, present, changed)
    last = day.clock.day
    first = last - timedelta(days=days - 1)
    compared = [_compared(day, run, policies) for run, _ in backfilled(day, first, last)]
    return {
        "playbook": day.playbook.name,
        "currency": day.playbook.warrant.currency,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "changes": changes,
        "days": compared,
        "total": _total(compared),
    }


def _with_changes(
    day: Day, present: tuple[PolicySpecification, ...], changed: Changed
) -> tuple[tuple[PolicySpecification, ...], list[Document]]:
    if changed.file is None and not changed.without:
        raise UsageError(
            "nothing is changed.", where="warrant policy impact", remedy="Give --with FILE or --without ID."
        )
    built_in = {policy.identifier for policy in BUILT_IN}
    by_id = {policy.identifier: policy for policy in present}
    changes = []
    for identifier in changed.without:
        if identifier in built_in:
            raise RefusedError(
                f"the policy `{identifier}` is built in and cannot be left out.",
                where=f"--without {identifier}",
                remedy="It holds in every playbook.",
            )
        if identifier not in by_id:
            raise UsageError(
                f"there is no policy `{identifier}`.",
                where=f"--without {identifier}",
                remedy=f"There are: {', '.join(by_id) or 'none'}.",
            )
        del by_id[identifier]
        changes.append({"policy": identifier, "change": "left out"})
    for policy in _of_file(day, changed.file, present) if changed.file else ():
        is_same = by_id.get(policy.identifier) is not None and _is_same(by_id[policy.identifier], policy)
        word = "as before" if is_same else "changed" if policy.identifier in by_id else "added"
        changes.append({"policy": policy.identifier, "change": word})
        by_id[policy.identifier] = policy
    return tuple(by_id.values()), changes


def _is_same(one: PolicySpecification, other: PolicySpecification) -> bool:
    first, second = (replace(each, where="", starts={}, tests=(), because="") for each in (one, other))
    return first == second


def _of_file(day: Day, file: Path, present: Sequence[PolicySpecification]) -> list[PolicySpecification]:
    """The policies of a file, checked as those of the playbook are."""
    found = _read(file)
    ids = {policy.identifier for policy in found}
    others = [policy for policy in present if policy.identifier not in ids]
    for finding in check([*others, *found], {}, attributes_of(view_of_sources(day))):
        if not finding.is_warning:
            plain = told(finding)
            raise PlaybookError(plain["what"], where=plain["where"], remedy=plain["remedy"])
    return found


def _read(file: Path) -> list[PolicySpecification]:
    return [policy_of(placed) for placed in read_policies(file.expanduser().resolve())]


def _compared(day: Day, run: RunRow, policies: tuple[PolicySpecification, ...]) -> Document:
    """One day as it was decided in hindsight, and as it would be."""
    when = date.fromisoformat(run.about["day"])
    day.progress.doing("backfill", f"{when}: deciding with the changed policies")
    settings = replace(settings_of(day, run), policies=policies)
    made = decide_from(day, run, stored_view(day, run), stored_forecasts(day, run), settings)
    before = stored_records(day, run)
    found = compare(before, made.sealed.frame, run.steps["decide"]["facts"]["summary"], made.summary)
    refused = {
        "before": dict(run.steps["decide"]["facts"]["summary"]["refused_by_policy"]),
        "after": dict(made.summary["refused_by_policy"]),
    }
    return {"day": run.about["day"], "run_id": run.run_id, **found, "refused_by_policy": refused}


def _total(days: Sequence[Mapping[str, Any]]) -> Document:
    sums = ("value", "cost", "sends", "none")
    groups = [name for name, group in days[0]["customers"].items() if isinstance(group, Mapping)]
    return {
        **{side: {name: sum(one[side][name] for one in days) for name in sums} for side in ("before", "after")},
        "difference": {name: sum(one["difference"][name] for one in days) for name in (*sums, "low", "high")},
        "customers": {
            name: {
                "count": sum(one["customers"][name]["count"] for one in days),
                "value": sum(one["customers"][name]["value"] for one in days),
            }
            for name in groups
        },
    }
