"""What verbs declare: everything that others must know before they let one happen."""

import pytest

from decisioning.actions import available, verb_named
from decisioning.verb import CONSEQUENCES, DETECTABILITIES, SUBJECT_KINDS, Verb

VERBS = list(available().values())


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_declares_what_others_must_know(verb: Verb) -> None:
    assert set(verb.subject_kinds) <= set(SUBJECT_KINDS)
    assert verb.subject_kinds
    assert verb.consequence in CONSEQUENCES
    assert verb.detectability in DETECTABILITIES
    assert verb.per_day > 0
    assert verb.meaning.endswith(".")
    assert verb.leaves_through
    for parameter in verb.parameters:
        assert parameter.meaning
        assert bool(parameter.unit) == (parameter.kind == "number"), f"{parameter.name}: numbers have units"
    assert set(verb.told_apart_by) <= {parameter.name for parameter in verb.parameters}
    if verb.reaches_customer:
        assert verb.parameter("channel") is not None, "consent is asked for on a channel"
    if verb.is_spending:
        assert verb.changes, "two rules must not spend on the same"


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.inverse], ids=lambda verb: verb.name)
def test_an_inverse_is_a_verb_that_can_be_said(verb: Verb) -> None:
    assert verb.inverse is not None
    inverse = verb_named(verb.inverse.verb)
    assert set(verb.subject_kinds) <= set(inverse.subject_kinds)
    assert {one.name for one in inverse.parameters if one.is_required} <= set(verb.inverse.parameters)


def test_the_verbs_that_the_design_names_are_there() -> None:
    named = {"send", "show", "reply", "enrol", "task", "set_bid", "move_budget", "pause_spend", "post"}
    assert named <= set(available())
