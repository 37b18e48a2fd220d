"""Signed heads of the journal: what is published elsewhere, so that a rewritten end of the chain can be shown.

Hashes alone cannot tell a chain that was computed anew throughout from the one that was there before. A head that was
signed and left the machine (with a manifest, by mail, in a tag) can. Signatures are Ed25519 (RFC 8032): whoever checks
needs the public key only. The private key comes from the environment and is never stored.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lake.errors import LakeError
from lake.journal import Head, canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE: Final = "WARRANT_SIGNING_KEY"
PURPOSE: Final = "warrant journal head"
KEY_BYTES: Final = 32


class SigningError(LakeError):
    """A key or a signed head cannot be read."""


@dataclass(frozen=True)
class SignedHead:
    """The end of a journal at some time, with who vouches for it.

    Attributes:
        playbook: Whose journal.
        position: Of the last event.
        digest: Of the last event.
        public_key: Base64 of the 32 bytes of the key that signed, empty without a signature.
        signature: Base64 of the 64 bytes over playbook, position and digest, empty without one.
    """

    playbook: str
    position: int
    digest: str
    public_key: str = ""
    signature: str = ""

    @property
    def head(self) -> Head:
        """What the chain is held to."""
        return Head(self.position, self.digest)

    def as_json(self) -> dict[str, Any]:
        """As it stands in manifests and anchor files; without empty members."""
        return {name: value for name, value in asdict(self).items() if value != ""}

    def is_signed_by(self, public_key: str) -> bool:
        """Whether the holder of this key signed exactly this head."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        key = Ed25519PublicKey.from_public_bytes(_bytes(public_key, "public key"))
        try:
            key.verify(base64.b64decode(self.signature), _message(self))
        except (InvalidSignature, binascii.Error):
            return False
        return True


def signed(head: Head, playbook: str, environment: Mapping[str, str]) -> SignedHead:
    """A head with the signature of the environment's key, without one where there is no key.

    Raises:
        SigningError: The key is none.
    """
    plain = SignedHead(playbook, head.position, head.digest)
    private = environment.get(VARIABLE, "")
    if not private:
        return plain
    signature = base64.b64encode(_private(private).sign(_message(plain))).decode()
    return SignedHead(playbook, head.position, head.digest, public_key_of(private), signature)


def public_key_of(private: str) -> str:
    """The public key of a private one, both as base64 of 32 bytes.

    Raises:
        SigningError: The key is none.
    """
    return base64.b64encode(_private(private).public_key().public_bytes_raw()).decode()


def new_private_key() -> str:
    """A fresh private key as base64 of 32 bytes: keep it secret, and give the public one to whoever checks."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def read_anchor(path: Path) -> SignedHead:
    """A head that was published: a file of its own, or the manifest of a batch, which carries one.

    Raises:
        SigningError: The file cannot be read or holds no head.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        stated = told.get("journal", told)
        return SignedHead(**stated)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SigningError(
            f"no published head can be read: {error}.",
            where=str(path),
            remedy="Give a file that `warrant audit head --file` wrote, or the manifest of a batch.",
        ) from error


def _message(head: SignedHead) -> bytes:
    return canonical_json([PURPOSE, head.playbook, head.position, head.digest]).encode()


def _private(text: str) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(_bytes(text, VARIABLE))


def _bytes(text: str, where: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        found = b""
    if len(found) != KEY_BYTES:
        raise SigningError(
            f"this is no key of {KEY_BYTES} bytes in base64.",
            where=where,
            remedy="Make one: warrant audit key. It prints both halves.",
        )
    return found
