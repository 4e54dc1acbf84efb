"""A box: AES-256-GCM under a data key, bound to where it stands. docs/RECORD_FORMAT.md, "Sealed fields".

Nonces are random, 96 bits: docs/decisions says how many of them a key may see. AES-GCM alone commits to no key: a box can be made that
opens under two. So a key is only used if its commitment is the one that the log holds (`commitment_of`).
"""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from uuid import UUID

    from eventstore.ports import DataKey

LABEL: Final = b"eventstore.box/1"
KEY_LABEL: Final = b"eventstore.key/1"
SECRET_BYTES: Final = 32
NONCE_BYTES: Final = 12

_LENGTH: Final = Struct(">q")
_IDS: Final = Struct(">q16sq16sq")  # commit's id, event's id, and the type's length
_REST: Final = Struct(">qqq16sq")  # schema, key's id, and the instant's length


class Unopenable(Exception):  # noqa: N818  (what it is)
    """Not one bit of it is believed: the key is another, or the box, or where it stands. Says no more, for nobody knows more."""


class Cipher:
    """A data key, made ready: that takes longer than to use it once."""

    __slots__ = ("__weakref__", "_aead")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            msg = f"a data key has {SECRET_BYTES} bytes"
            raise ValueError(msg)
        self._aead = AESGCM(secret)

    def seal(self, plaintext: bytes, associated_data: bytes) -> tuple[bytes, bytes]:
        """A fresh nonce, and the box: ciphertext and tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce, self._aead.encrypt(nonce, plaintext, associated_data)

    def open(self, nonce: bytes, box: bytes, associated_data: bytes) -> bytes:
        """What was sealed. Raises `Unopenable`."""
        try:
            return self._aead.decrypt(nonce, box, associated_data)
        except (InvalidTag, ValueError):  # the latter: a nonce of no length
            raise Unopenable from None


def seal(
    secret: bytes, plaintext: bytes, associated_data: bytes
) -> tuple[bytes, bytes]:
    """A fresh nonce, and the box."""
    return Cipher(secret).seal(plaintext, associated_data)


def open_box(secret: bytes, nonce: bytes, box: bytes, associated_data: bytes) -> bytes:
    """What was sealed. Raises `Unopenable`."""
    return Cipher(secret).open(nonce, box, associated_data)


def cipher_of(key: DataKey) -> Cipher:
    """The key, made ready. It is kept with the key alone: whoever lets go of the key has let go of it, too."""
    ready: Cipher | None = key.ready
    if ready is None:  # two threads at once make two, which are alike
        ready = Cipher(key.secret)
        object.__setattr__(key, "ready", ready)
    return ready


def commitment_of(secret: bytes) -> bytes:
    """SHA-256 of a data key under a label of its own: what `KeyMinted` holds of it."""
    return sha256(KEY_LABEL + secret).digest()


def associated_data(
    stream_id: str,
    commit_id: UUID,
    event_id: UUID,
    type_: str,
    schema: int,
    key: str,
    occurred_at: bytes,
) -> bytes:
    """What an event's box is bound to, each part behind its length. key: its id as the record has it; occurred_at: as written."""
    stream, name = stream_id.encode(), type_.encode()
    ids = _IDS.pack(16, commit_id.bytes, 16, event_id.bytes, len(name))
    key_id = bytes.fromhex(key.replace("-", ""))
    rest = _REST.pack(8, schema, 16, key_id, len(occurred_at))
    return b"%b%b%b%b%b%b%b" % (
        LABEL,
        _LENGTH.pack(len(stream)),
        stream,
        ids,
        name,
        rest,
        occurred_at,
    )


def to_text(data: bytes) -> str:
    """As a record holds it: padded standard base64."""
    return b2a_base64(data, newline=False).decode()


def from_text(text: str) -> bytes:
    """The reverse, for what the grammar has taken."""
    return a2b_base64(text)
