"""What can be asked of remits: whether they hold, what an agent can and cannot do, and what a change gives away.

Nobody needs a right to ask this: what an agent may do is for everybody to know.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from decisioning.remits.changes import changes
from decisioning.remits.linter import Finding
from decisioning.remits.values import Remit
from decisioning.remits.wording import page_of
from pipelines.day import Day
from pipelines.errors import UsageError
from pipelines.playbook import Playbook, files_in
from pipelines.playbook_reading import read_remit
from pipelines.playbook_remits import ADS, FOLDER, remit_findings
from pipelines.playbook_settings import play_settings
from pipelines.yaml_lines import YamlFile

Document = dict[str, Any]
PEOPLE_ANSWER = "There are no remits: no agent acts in this playbook, and people answer for the whole run."


def check_remits(day: Day) -> Document:
    """Whether the playbook's remits hold, and every reason why one is rejected.

    Returns:
        `playbook`, `as_of_day`, `remits` (agent, where, owner, holds, findings: where, what, remedy).
    """
    findings = remit_findings(day.playbook, day.clock.day)
    return {
        "playbook": day.playbook.name,
        "as_of_day": day.clock.day.isoformat(),
        "remits": [
            {
                "agent": remit.agent,
                "where": remit.where,
                "owner": remit.owner,
                "holds": not (found := [one for one in findings if one.agent == remit.agent]),
                "findings": [_told(one) for one in found],
            }
            for remit in day.playbook.remits
        ],
    }


def show_remit(day: Day, agent: str) -> Document:
    """One remit: what it says dimension by dimension, its page, and why it is rejected if it is.

    Raises:
        UsageError: No agent has this name.
    """
    remit = _named(day.playbook, agent)
    found = [one for one in remit_findings(day.playbook, day.clock.day) if one.agent == agent]
    return {
        "agent": agent,
        "where": remit.where,
        "owner": remit.owner,
        "findings": [_told(one) for one in found],
        "page": None if found else page_document(day.playbook, remit),
    }


def remit_pages(day: Day, agent: str | None = None) -> Document:
    """The published page of every agent, or of one.

    Raises:
        UsageError: No agent has this name.
        PlaybookError: A remit does not hold; what cannot be relied on is not published.
    """
    from pipelines.playbook_remits import insist_on_sound_remits

    remits = day.playbook.remits if agent is None else (_named(day.playbook, agent),)
    insist_on_sound_remits(day.playbook, day.clock.day)
    return {
        "playbook": day.playbook.name,
        "as_of_day": day.clock.day.isoformat(),
        "agents": [page_document(day.playbook, remit) for remit in remits],
        "said": None if remits else PEOPLE_ANSWER,
    }


def page_document(playbook: Playbook, remit: Remit) -> Document:
    """What an agent can and cannot do, as sentences by heading."""
    channels = sorted(key for key, one in playbook.channels.channels.items() if one.kind != ADS)
    plays = [play.name for play in play_settings(playbook)]
    page = asdict(page_of(remit, playbook.warrant.currency, plays, channels))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in page.items()}


def remit_changes(old: Path, new: Path) -> Document:
    """What changes from one file or playbook folder to another, what widens authority first.

    Raises:
        UsageError: One of them is neither a remit's file nor a playbook.
        PlaybookError: A remit cannot be read.
    """
    found = changes(read_remits(old), read_remits(new))
    return {
        "old": str(old.expanduser().resolve()),
        "new": str(new.expanduser().resolve()),
        "changes": [asdict(one) for one in found],
        "widens": sum(one.effect == "widens" for one in found),
        "narrows": sum(one.effect == "narrows" for one in found),
    }


def read_remits(path: Path) -> tuple[Remit, ...]:
    """The remits of a file, or of a playbook's folder; a playbook without any has none."""
    path = path.expanduser().resolve()
    if path.is_file():
        return (read_remit(YamlFile(path)),)
    if (path / "warrant.yaml").is_file():
        return tuple(read_remit(YamlFile(file)) for file in files_in(path, FOLDER))
    raise UsageError(
        "this is neither the file of a remit nor the folder of a playbook.",
        where=str(path),
        remedy="Name two files, such as remits/promotions.yaml, or two playbooks' folders.",
    )


def _named(playbook: Playbook, agent: str) -> Remit:
    known: Mapping[str, Remit] = {one.agent: one for one in playbook.remits}
    if agent in known:
        return known[agent]
    nearest = difflib.get_close_matches(agent, known, n=1)
    raise UsageError(
        f"no agent is called `{agent}`.",
        where=str(playbook.folder / FOLDER),
        remedy=(f"Did you mean `{nearest[0]}`? " if nearest else "") + _known(sorted(known)),
    )


def _known(names: Sequence[str]) -> str:
    return f"Known: {', '.join(names)}." if names else PEOPLE_ANSWER


def _told(finding: Finding) -> Document:
    return {"where": finding.where, "what": finding.what, "remedy": finding.remedy}
