"""Provenance in the words of W3C PROV, as PROV-JSON.

Runs are activities; the code is a software agent that ran them, by the playbook as its plan; everything else is an
entity. What a run read it `used`, what it decided `wasGeneratedBy` it, and every other step of the lineage is a
`wasDerivedFrom`. Format: https://www.w3.org/submissions/prov-json/.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from networkx import DiGraph

Document = dict[str, Any]

NAMESPACE: Final = "urn:warrant:"
PREFIX: Final = "warrant"
ACTIVITY, AGENT = "run", "code"

TYPES: Final[Mapping[str, str]] = {
    "source": "SourceFile",
    "table": "TableVersion",
    "row": "Row",
    "fact": "Fact",
    "view": "View",
    "model": "ModelVersion",
    "playbook": "Playbook",
    "policy": "PolicyVersion",
    "customer": "Customer",
    "asset": "Asset",
    "decision": "Decision",
    "batch": "ExportBatch",
    "outcome": "Outcome",
}


def prov_document(lineage: "DiGraph", playbook: str) -> Document:
    """A lineage as a PROV-JSON document.

    Args:
        lineage: Of `graph.lineage`.
        playbook: Name of the playbook, which its identifiers begin with.
    """
    document: Document = {"prefix": {PREFIX: f"{NAMESPACE}{playbook}:"}}
    for node, data in sorted(lineage.nodes(data=True)):
        section, about = _record(data)
        document.setdefault(section, {})[_name(node)] = about
    relations: dict[str, list[Document]] = {}
    for cause, effect in sorted(lineage.edges()):
        name, relation = _relation(lineage, cause, effect)
        if name == "wasAssociatedWith":
            (plan,) = (one for one in lineage.predecessors(effect) if lineage.nodes[one]["kind"] == "playbook")
            relation["prov:plan"] = _name(plan)
        relations.setdefault(name, []).append(relation)
    for name, listed in relations.items():
        document[name] = {f"_:{name}{number}": relation for number, relation in enumerate(listed, start=1)}
    return document


def _record(data: Mapping[str, Any]) -> tuple[str, Document]:
    about: Document = {"prov:label": data["text"]}
    if data["kind"] == ACTIVITY:
        return "activity", about
    if data["kind"] == AGENT:
        return "agent", about | {"prov:type": _qualified("prov:SoftwareAgent")}
    kinds = [_qualified(f"{PREFIX}:{TYPES[data['kind']]}")]
    if data["kind"] == "playbook":
        kinds.append(_qualified("prov:Plan"))
    return "entity", about | {"prov:type": kinds if len(kinds) > 1 else kinds[0]}


def _relation(lineage: "DiGraph", cause: str, effect: str) -> tuple[str, Document]:
    """The relation of PROV that an edge is, with its two ends."""
    kinds = lineage.nodes[cause]["kind"], lineage.nodes[effect]["kind"]
    if kinds == (AGENT, ACTIVITY):
        return "wasAssociatedWith", {"prov:activity": _name(effect), "prov:agent": _name(cause)}
    if kinds[1] == ACTIVITY:
        return "used", {"prov:activity": _name(effect), "prov:entity": _name(cause)}
    if kinds[0] == ACTIVITY:
        return "wasGeneratedBy", {"prov:entity": _name(effect), "prov:activity": _name(cause)}
    return "wasDerivedFrom", {"prov:generatedEntity": _name(effect), "prov:usedEntity": _name(cause)}


def _name(node: str) -> str:
    """A node as a qualified name; what no name may hold is written in percent."""
    return f"{PREFIX}:{quote(node, safe='/@.-_~')}"


def _qualified(name: str) -> Document:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}
