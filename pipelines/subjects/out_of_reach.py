"""What an erasure cannot reach, in words that stand in its receipt."""

from collections.abc import Mapping
from typing import Any

from pipelines.day import Day


def out_of_reach(day: Day, found: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is left to do elsewhere: `what` and `why`, or what to do.

    Args:
        day: Of the erasure.
        found: What each part of it did.
    """
    told = [
        {
            "what": f"the sources: {', '.join(sorted(day.playbook.source_files))}",
            "why": "Warrant only reads them. As long as they have the person, every perceive leaves the rows out and "
            "says how many; erase there too.",
        },
        {
            "what": "backups and copies of the state folder",
            "why": "Nobody tells Warrant of them; erase there too, or let them expire.",
        },
        {
            "what": "forecast models",
            "why": "What was learnt from everybody is sums and coefficients, nobody's rows; the next run learns anew.",
        },
    ]
    told += [
        {
            "what": f"copies of {export['manifest'].rsplit('/', 1)[0]} that the channel {export['channel']} took",
            "why": f"{export['rows']} row(s) of the person stood in them; ask the channel to erase.",
        }
        for export in found["exports"]
    ]
    if found["graph"]["kind"] == "neo4j":
        told.append(
            {
                "what": f"files of the Neo4j server {found['graph']['server']}",
                "why": "Nodes and relationships are deleted; its store, transaction logs and backups keep them until "
                "they are reused or pruned. That is the server's operator's to do.",
            }
        )
    if found["past_graphs"]:
        told.append(
            {
                "what": f"graphs of past days: {', '.join(found['past_graphs'])}",
                "why": "Those on the embedded server are dropped; build them again with `warrant graph rebuild`. One "
                "that was built into another server is emptied by building it again there.",
            }
        )
    unknown = sum(not record["can_be_replayed"] for record in found["records"])
    if unknown:
        told.append(
            {
                "what": f"replays of {unknown} record(s) decided by other code or another playbook",
                "why": "What the person bid on those days could not be found out: where limits were tight, a replay "
                "may give others something else. Digests and roots hold.",
            }
        )
    others = sorted(path.name for path in day.home.lake("").glob("*") if path.name != day.playbook.name)
    if others:
        told.append(
            {
                "what": f"other playbooks in this state folder: {', '.join(others)}",
                "why": "They have their own customers; erase there too if the person is one of them.",
            }
        )
    return told
