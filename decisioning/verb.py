"""What a verb is: something that Warrant may do, declared with all that others must know before they let it.

Verbs live in `decisioning/actions`, one file each. What no file declares cannot be done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

SubjectKind = Literal["customer", "account", "audience", "campaign", "channel"]
ParameterKind = Literal["text", "number"]
Consequence = Literal["trifling", "minor", "serious", "severe"]
Detectability = Literal["at once", "within a day", "within weeks", "hardly ever"]

SUBJECT_KINDS: Final[tuple[SubjectKind, ...]] = ("customer", "account", "audience", "campaign", "channel")

CONSEQUENCES: Final[Mapping[Consequence, str]] = MappingProxyType(
    {
        "trifling": "nobody is worse off when it was wrong",
        "minor": "it costs somebody a few minutes, or little money, when it was wrong",
        "serious": "it costs money or goodwill that is hard to win back",
        "severe": "it harms people or the company for good",
    }
)
"""How bad a wrong action is, from the least to the worst."""

DETECTABILITIES: Final[Mapping[Detectability, str]] = MappingProxyType(
    {
        "at once": "whoever carries it out sees that it is wrong",
        "within a day": "tomorrow's numbers show it",
        "within weeks": "only results that come in later show it",
        "hardly ever": "nobody would notice without looking for it",
    }
)
"""How soon it is noticed that an action was wrong, from the soonest to the latest."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a verb.

    Attributes:
        name: Its name, lower_snake; policies may say `action.<name>`.
        kind: What it holds.
        meaning: What it says, in words.
        unit: Of a number: `currency`, `currency per month`, `percent`, …; empty for texts.
        is_required: Whether an action without it is refused.
        minimum: The smallest number there can be.
    """

    name: str
    kind: ParameterKind
    meaning: str
    unit: str = ""
    is_required: bool = True
    minimum: float | None = None


@dataclass(frozen=True)
class Inverse:
    """What takes an action back.

    Attributes:
        verb: The verb that does.
        parameters: Its parameters, each by the one of this verb whose value it takes; `subject` is the subject's id.
        subject: The parameter of this verb that names the inverse's subject; None for the same subject.
    """

    verb: str
    parameters: Mapping[str, str]
    subject: str | None = None


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes:
        name: The file's name.
        meaning: What it does, in one sentence.
        subject_kinds: What it may be done to.
        parameters: What must and may be said.
        consequence: How bad it is when it was wrong; a key of `CONSEQUENCES`.
        detectability: How soon that is noticed; a key of `DETECTABILITIES`.
        leaves_through: Name of the file (without ending) in which it leaves, or `channel` for the channel's own files.
        per_day: How often it may be done a day, over all subjects, unless the playbook says otherwise.
        is_spending: Whether it changes what is spent; its record then carries what that brings against no change.
        needs_counterfactual: Whether it is refused where that cannot be told.
        reaches_customer: Whether somebody hears from us through it; their consent on the channel is asked for then.
        changes: What it changes of its subject, for which there is one action a day: two rules that change the same
            would undo each other. Empty where several actions go side by side.
        told_apart_by: Parameters that tell several such actions on one subject apart.
        is_for_rules: Whether rules of `actions.yaml` may call for it; what plays choose has no rule.
        inverse: What takes it back; None where nothing does.
        cannot_be_undone_because: Why nothing does, in words.
    """

    name: str
    meaning: str
    subject_kinds: tuple[SubjectKind, ...]
    parameters: tuple[Parameter, ...]
    consequence: Consequence
    detectability: Detectability
    leaves_through: str
    per_day: int
    is_spending: bool = False
    needs_counterfactual: bool = False
    reaches_customer: bool = False
    changes: str = ""
    told_apart_by: tuple[str, ...] = ()
    is_for_rules: bool = True
    inverse: Inverse | None = None
    cannot_be_undone_because: str = ""

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, None where there is none."""
        return next((one for one in self.parameters if one.name == name), None)
