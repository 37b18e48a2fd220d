"""Under which remit something is done: whose plays and channels a send is made of, and whose verb an action is.

In a playbook without remits nothing is asked, and people answer for the whole run. Once there is one, what no remit
permits is not done. Two agents never share a channel to send on, nor another verb (the linter refuses it), so that
everything has one agent at most.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from decisioning.remits.values import SEND, Remit

Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


def permits_send(remit: Remit, play: object, channel: object) -> bool:
    """Whether a remit permits to send on a channel for the reason of a play."""
    return remit.sends and play in remit.may.plays and channel in remit.may.channels


def permitted(remits: Sequence[Remit], plays: Iterable[object], channels: Sequence[object]) -> Flags:
    """Whether any remit permits each play on each channel, shape (plays, channels); all of it without remits."""
    rows = [[not remits or any(permits_send(one, play, channel) for one in remits) for channel in channels]
            for play in plays]  # fmt: skip
    return np.array(rows, dtype=np.bool_).reshape(len(rows), len(channels))


def agents(remits: Sequence[Remit], verbs: Texts, plays: Texts, channels: Texts) -> Texts:
    """The agent of each decision, None where no remit permits it or nothing is sent, shape (n,)."""
    found = np.full(len(verbs), None, dtype=object)
    for remit in remits:
        if remit.sends:
            is_its = (verbs == SEND) & np.isin(plays.astype(str), remit.may.plays)
            found[is_its & np.isin(channels.astype(str), remit.may.channels)] = remit.agent
    return found


def agent_of_verb(remits: Sequence[Remit], verb: str) -> Remit | None:
    """The remit that permits a verb other than sending; None where none does."""
    return next((one for one in remits if verb in one.may.verbs), None)


def plays_that_may_send(remits: Sequence[Remit], plays: Iterable[str]) -> tuple[str, ...]:
    """Those of some plays for which any remit may send; all of them without remits."""
    permitted_plays = {play for one in remits if one.sends and one.may.channels for play in one.may.plays}
    return tuple(play for play in plays if not remits or play in permitted_plays)


def is_permitted(remits: Sequence[Remit], plays: Texts, channels: Texts) -> Flags | None:
    """Whether any remit permits each of some sends, shape (n,); None without remits, when nobody asks."""
    if not remits:
        return None
    found = agents(remits, np.full(len(plays), SEND, dtype=object), plays, channels)
    return np.array([agent is not None for agent in found], dtype=np.bool_)
