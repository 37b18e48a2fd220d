"""People: who acts, in which role, and what the role may do. `people.yaml` names them; without it nobody is refused.

```yaml
people:
  ops-manager: {name: Operations, role: owner}
```

A person is `person:<key>` of that file, said with `--actor` or `WARRANT_ACTOR`. This says who acts and proves nothing:
whoever can start the command can name anybody, which is why the operating system's user is recorded beside.
"""

import difflib
import getpass
import os
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from lake.journal import Actor
from pipelines.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from pipelines.playbook import Playbook

Role = Literal["viewer", "analyst", "approver", "owner", "admin"]
Right = Literal[
    "see personal data",
    "assert",
    "train",
    "pause",
    "answer",
    "resume",
    "merge",
    "correct",
    "promote",
    "rebuild",
    "erase",
]

ROLES: Final[tuple[Role, ...]] = ("viewer", "analyst", "approver", "owner", "admin")
"""From the least to the most; a role may do what those before it may."""

RIGHTS: Final[Mapping[Right, Role]] = {
    "see personal data": "analyst",
    "assert": "analyst",
    "train": "analyst",
    "pause": "approver",
    "answer": "approver",
    "resume": "owner",
    "merge": "owner",
    "correct": "owner",
    "promote": "owner",
    "rebuild": "owner",
    "erase": "owner",
}
"""The least role that has each right."""

PREFIX: Final = "person:"
FILE: Final = "people.yaml"
VARIABLE: Final = "WARRANT_ACTOR"


class Person(BaseModel):
    """A named human and their role; from the day `left_on` they answer for nothing any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    role: Role
    left_on: date | None = None


class PeopleFile(BaseModel):
    """`people.yaml`: persons by their key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Annotated[dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")], Person], Field(min_length=1)]


def acting(playbook: "Playbook", named: str | None, environment: Mapping[str, str]) -> Actor:
    """Who acts: whom `--actor` names, else `WARRANT_ACTOR`, else nobody by name.

    Without `people.yaml` the role is empty and everybody may do everything. With it, somebody who is not named has the
    least role.

    Raises:
        UsageError: The name is not written as `person:<key>`.
        RefusedError: `people.yaml` does not know this person.
    """
    told, where = (named, "--actor") if named else (environment.get(VARIABLE) or "", VARIABLE)
    if told and not told.removeprefix(PREFIX).strip():
        raise UsageError(f"`{told}` names nobody.", where=where, remedy="Write it like person:ops-manager.")
    if told and not told.startswith(PREFIX):
        raise UsageError(f"`{told}` is no person.", where=where, remedy=f"Write it like {PREFIX}{told}.")
    if playbook.people is None:
        return Actor(told, "", _system_user())
    if not told:
        return Actor("", ROLES[0], _system_user())
    known = playbook.people.people
    key = told.removeprefix(PREFIX)
    if key not in known:
        where = str(playbook.folder / FILE)
        raise RefusedError(f"nobody is called `{told}`.", where=where, remedy=nearest_person(key, known))
    return Actor(told, known[key].role, _system_user())


def nearest_person(key: str, known: Mapping[str, Person]) -> str:
    """Who may have been meant by a key that nobody has, and who there is."""
    nearest = difflib.get_close_matches(key, known, n=1)
    meant = f"Did you mean {PREFIX}{nearest[0]}? " if nearest else ""
    return f"{meant}Known: {', '.join(PREFIX + name for name in sorted(known))}."


def schedule() -> Actor:
    """Who acts when a schedule does: nobody by name; whoever set it up answers, as the operating system's user."""
    return Actor("", "", _system_user())


def may(actor: Actor, right: Right) -> bool:
    """Whether somebody has a right; without roles everybody has."""
    return not actor.role or ROLES.index(_role(actor)) >= ROLES.index(RIGHTS[right])


def insist_on(actor: Actor, right: Right, playbook: "Playbook") -> None:
    """Refuse who has not this right.

    Raises:
        RefusedError: Names the role that it takes and who has it.
    """
    if may(actor, right):
        return
    least = RIGHTS[right]
    able = who_may(right, playbook)
    who = f"{actor.person} is {actor.role}" if actor.person else f"nobody is named, which counts as {actor.role}"
    raise RefusedError(
        f"to {right} takes the role {least}, and {who}.",
        where=str(playbook.folder / FILE),
        remedy=f"Name who does it with --actor or {VARIABLE}. It may be done by: {', '.join(able) or 'nobody yet'}.",
    )


def who_may(right: Right, playbook: "Playbook") -> list[str]:
    """The persons whose role has a right, as `--actor` takes them; nobody without `people.yaml`."""
    least = ROLES.index(RIGHTS[right])
    people = {} if playbook.people is None else playbook.people.people
    return [f"{PREFIX}{key}" for key, person in people.items() if ROLES.index(person.role) >= least]


def said_by(actor: Actor) -> str:
    """Who did it, for people: the person, else the operating system's user."""
    return actor.person or f"system-user:{actor.system_user}"


def _role(actor: Actor) -> Role:
    return next(role for role in ROLES if role == actor.role)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"uid {os.getuid()}"
