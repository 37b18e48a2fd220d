"""Signed heads: only who holds the key can make one, and only for exactly this playbook, place and digest."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from lake.journal import Head
from lake.signing import VARIABLE, SigningError, new_private_key, public_key_of, read_anchor, signed

HEAD = Head(7, "ab" * 32)
# RFC 8032, section 7.1, test 1
PRIVATE = base64.b64encode(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")).decode()
PUBLIC = base64.b64encode(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")).decode()


def test_the_public_key_is_the_one_that_the_standard_gives() -> None:
    assert public_key_of(PRIVATE) == PUBLIC


def test_a_head_is_signed_by_its_key_and_by_no_other() -> None:
    head = signed(HEAD, "grocer", {VARIABLE: PRIVATE})
    assert head.is_signed_by(PUBLIC)
    assert not head.is_signed_by(public_key_of(new_private_key()))


def test_a_signature_is_of_one_playbook_place_and_digest() -> None:
    head = signed(HEAD, "grocer", {VARIABLE: PRIVATE})
    assert not replace(head, playbook="saas").is_signed_by(PUBLIC)
    assert not replace(head, position=6).is_signed_by(PUBLIC)
    assert not replace(head, digest="cd" * 32).is_signed_by(PUBLIC)
    assert not replace(head, signature="").is_signed_by(PUBLIC)


def test_without_a_key_a_head_is_not_signed_and_does_not_look_so() -> None:
    assert signed(HEAD, "grocer", {}).as_json() == {"playbook": "grocer", "position": 7, "digest": "ab" * 32}


@pytest.mark.parametrize("key", ["not-base64!", base64.b64encode(b"short").decode()])
def test_what_is_no_key_is_refused_with_what_to_do(key: str) -> None:
    with pytest.raises(SigningError, match="no key of 32 bytes") as refused:
        signed(HEAD, "grocer", {VARIABLE: key})
    assert "warrant audit key" in refused.value.remedy
    assert key not in str(refused.value), "a secret is never printed"


def test_a_head_is_read_from_a_file_of_its_own_and_from_a_manifest(tmp_path: Path) -> None:
    head, alone, manifest = signed(HEAD, "grocer", {VARIABLE: PRIVATE}), tmp_path / "head", tmp_path / "manifest"
    alone.write_text(json.dumps(head.as_json()))
    manifest.write_text(json.dumps({"batch_id": "1", "journal": head.as_json()}))
    assert read_anchor(alone) == read_anchor(manifest) == head


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"position": 1}', '{"journal": "x"}'])
def test_what_holds_no_head_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "head").write_text(text)
    with pytest.raises(SigningError, match="no published head"):
        read_anchor(tmp_path / "head")
