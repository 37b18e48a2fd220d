r"""Check an evidence pack of Warrant with nothing but Python: it knows no code of Warrant's and reads nothing else.

    python verify_evidence.py evidence.zip [--anchor head.json] [--key PUBLIC] [--show CUSTOMER]

A pack is a zip file:

- about.json: the playbook, the runs, the head of the journal, signed where a key was there;
- columns.json: every column of a decision record and its kind: text, number, whole, boolean, time, or a list's columns;
- journal.jsonl: one event a line. `digest` is sha256 over the JSON list of position, kind, person, role, system_user,
  payload_digest, because_digest, previous and the time; `previous` is the digest of the event before, 64 zeros first.
  `payload_digest` and `because_digest` are sha256 of salt, a zero byte, and text; a forgotten text is null;
- runs/ID.records: every decision in order of customer: four bytes of length, little-endian, then the record. The length
  0xFFFFFFFF stands before the 32 bytes of digest of a record that was erased. A record is a head and a body: the head
  has every column in order of name (number: float64; whole, time: int64; boolean: int8; text: length, list: number of
  entries, both int32), little-endian; the body has texts and entries in the same order, and an entry is the same again;
- runs/ID.actions: every action beyond messages in order of id, canonical JSON, a line each; or {"erased": digest}.

The root of a run: sha256 of each record; leaves over 1,024 digests behind b"leaf\0"; nodes over pairs behind
b"node\0", a node without a partner moves up; and over all b"root\0", the number of records in eight bytes, big-endian,
and the top. The journal's events `decided` name each run's roots. Exit code 0: all of it holds; 6: something does not.
"""

import argparse
import base64
import hashlib
import json
import math
import struct
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LEAF, ERASED, FIRST = 1_024, 0xFFFFFFFF, "0" * 64
FORMATS = {"number": "<d", "whole": "<q", "time": "<q", "boolean": "<b", "text": "<i"}
MISSING = -(2**63)


def main() -> int:
    """Check a pack, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack")
    parser.add_argument("--anchor", help="a head that was published before: a file of `audit head`, or a manifest")
    parser.add_argument("--key", help="the public key, base64, that heads must be signed with")
    parser.add_argument("--show", metavar="CUSTOMER", help="print the records of one customer as JSON")
    asked = parser.parse_args()
    with zipfile.ZipFile(asked.pack) as pack:
        about, columns = json.loads(pack.read("about.json")), json.loads(pack.read("columns.json"))
        events = [json.loads(line) for line in pack.read("journal.jsonl").decode().splitlines()]
        wrong = [*chain(events), *heads(about["head"], events, asked.key)]
        if asked.anchor:
            stated = json.loads(Path(asked.anchor).read_text(encoding="utf-8"))
            wrong += heads(stated.get("journal", stated), events, asked.key)
        roots = sealed(events)
        for run in about["runs"]:
            records = list(split(pack.read(f"runs/{run}.records")))
            actions = pack.read(f"runs/{run}.actions").decode().splitlines()
            found = {"decisions": root([digest for _, digest in records])}
            if "actions" in roots.get(run, {}):
                found["actions"] = root([action_digest(line) for line in actions])
            holds = roots.get(run) == found
            print(
                f"run {run}: {len(records)} records, {'as sealed in the journal' if holds else 'NOT what was sealed'}"
            )
            wrong += [] if holds else [f"run {run} does not lead to its roots"]
            for content, _ in records if asked.show else ():
                record = decoded(content, columns) if content is not None else {}
                if record.get("customer_id") == asked.show:
                    print(json.dumps(record, indent=2, ensure_ascii=False))
    print(f"journal: {len(events)} events")
    for line in wrong:
        print(f"WRONG: {line}")
    if not asked.anchor:
        print("Without --anchor: a journal that was cut off, or computed anew throughout, looks like this one.")
    return 6 if wrong else 0


def chain(events: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the chain of events."""
    previous, emptied = FIRST, forgotten(events)
    for place, event in enumerate(events):
        if event["position"] != place or event["previous"] != previous:
            yield f"event {place} does not follow the one before it"
            return
        names = ("kind", "person", "role", "system_user", "payload_digest", "because_digest", "previous")
        if hash_of(json_text([place, *(event[name] for name in names), event["at"]])) != event["digest"]:
            yield f"event {place} is not what was written"
        for name in ("payload", "because"):
            text = event[name]
            if text is None and place not in emptied[name]:
                yield f"event {place} has lost its {name}"
            elif text is not None and hash_of(f"{event[f'{name}_salt']}\0{text}") != event[f"{name}_digest"]:
                yield f"event {place} has another {name}"
        previous = event["digest"]


def forgotten(events: list[dict[str, Any]]) -> dict[str, set[int]]:
    """Events whose texts a later event says were forgotten."""
    found: dict[str, set[int]] = {"payload": set(), "because": set()}
    for event in events:
        if event["kind"] == "erasing" and event["payload"]:
            said = json.loads(event["payload"])
            for name, places in found.items():
                places.update(place for place in said.get(f"without_{name}", []) if place < event["position"])
    return found


def heads(head: dict[str, Any], events: list[dict[str, Any]], key: str | None) -> Iterator[str]:
    """What is wrong with a published head."""
    place = head["position"]
    if place >= len(events) or events[place]["digest"] != head["digest"]:
        yield f"event {place} is not the one that was published"
    if key is None:
        return
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        yield "the signature was not checked: install `cryptography`"
        return
    message = json_text(["warrant journal head", head["playbook"], place, head["digest"]]).encode()
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(base64.b64decode(head.get("signature", "")), message)
    except InvalidSignature:
        yield f"the head at event {place} is not signed with this key"


def sealed(events: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The roots of every run, as the journal tells them."""
    told = [json.loads(event["payload"]) for event in events if event["kind"] == "decided" and event["payload"]]
    return {one["run_id"]: one["roots"] for one in told}


def split(content: bytes) -> Iterator[tuple[bytes | None, bytes]]:
    """Every record and its digest; of an erased one the digest alone."""
    at = 0
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at)
        at += 4
        size = 32 if length == ERASED else length
        part, at = content[at : at + size], at + size
        yield (None, part) if length == ERASED else (part, hashlib.sha256(part).digest())


def action_digest(line: str) -> bytes:
    """The digest of an action, which is all that is left of an erased one."""
    told = json.loads(line)
    return bytes.fromhex(told["erased"]) if set(told) == {"erased"} else hashlib.sha256(line.encode()).digest()


def root(digests: list[bytes]) -> str:
    """The root over digests."""
    level = [
        hashlib.sha256(b"leaf\0" + b"".join(digests[start : start + LEAF])).digest()
        for start in range(0, len(digests), LEAF)
    ] or [hashlib.sha256(b"empty\0").digest()]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        rest = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"node\0" + left + right).digest() for left, right in pairs] + rest
    return hashlib.sha256(b"root\0" + len(digests).to_bytes(8, "big") + level[0]).hexdigest()


def decoded(content: bytes, columns: dict[str, Any]) -> dict[str, Any]:
    """A record as a mapping."""
    record, rest = read(content, columns)
    if rest:
        raise ValueError("a record is longer than its columns")
    return record


def read(content: bytes, columns: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The record at the beginning, and what comes behind it."""
    heads_of: dict[str, Any] = {}
    for name in sorted(columns):
        form = FORMATS.get(columns[name] if isinstance(columns[name], str) else "text", "<i")
        (heads_of[name],) = struct.unpack_from(form, content)
        content = content[struct.calcsize(form) :]
    record: dict[str, Any] = {}
    for name in sorted(columns):
        kind, value = columns[name], heads_of[name]
        if not isinstance(kind, str):
            entries = []
            for _ in range(max(value, 0)):
                entry, content = read(content, kind)
                entries.append(entry)
            record[name] = entries
        elif kind == "text":
            record[name] = content[:value].decode() if value >= 0 else None
            content = content[max(value, 0) :]
        else:
            record[name] = plain(kind, value)
    return record, content


def plain(kind: str, value: Any) -> Any:
    """A number, a time or a truth, None where it is missing."""
    if kind == "number":
        return None if math.isnan(value) else value
    if value == (-1 if kind == "boolean" else MISSING):
        return None
    if kind == "time":
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)).isoformat()
    return bool(value) if kind == "boolean" else value


def json_text(value: Any) -> str:
    """JSON without spaces, keys in order, every character as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(text: str) -> str:
    """sha256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
