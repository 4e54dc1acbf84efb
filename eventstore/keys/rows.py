"""What the key store says of keys: never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from eventstore.ports import KeyName, Wrapped

SNAPSHOT: Final = "snapshot"  # the class of a subject's key for states
EVERY_MONTH: Final = "all"

ERASURE: Final = "erasure"
UNDEAD: Final = "undead"

_LABEL: Final = b"eventstore.wrapped/1"


class Minted(NamedTuple):
    """A key that was made, as the log is told of it."""

    id: UUID
    name: KeyName
    commitment: bytes


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key, or its tombstone. kek: the key that wraps it, or wrapped it. why, request: of its end.

    in_log, destruction_in_log: `KeyMinted` and `KeyDestroyed` are known to be in the log.
    """

    id: UUID
    name: KeyName
    kek: str
    commitment: bytes
    minted_at: datetime
    in_log: bool = False
    destroyed_at: datetime | None = None
    why: str | None = None
    request: str | None = None
    destruction_in_log: bool = False

    @property
    def minted(self) -> Minted:
        """As the log is told of it."""
        return Minted(self.id, self.name, self.commitment)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A key that is gone by somebody's word: the log's, where the store has forgotten it. kek, commitment: as far as known."""

    id: UUID
    name: KeyName
    at: datetime
    why: str
    request: str | None = None
    commitment: bytes = b""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A living key as the store has it."""

    id: UUID
    name: KeyName
    wrapped: Wrapped
    commitment: bytes
    in_log: bool

    @property
    def minted(self) -> Minted:
        """As the log is told of it."""
        return Minted(self.id, self.name, self.commitment)

    @property
    def context(self) -> bytes:
        """What it was wrapped for."""
        return context_of(self.id, self.name)


def context_of(key_id: UUID, name: KeyName) -> bytes:
    """To what a wrapped key is bound: moved to another row, or its row given another name, it does not unwrap."""
    said = (key_id.bytes, *(part.encode() for part in name_parts(name)))
    behind_lengths = b"".join(len(part).to_bytes(8, "big") + part for part in said)
    return sha256(_LABEL + behind_lengths).digest()


def name_parts(name: KeyName) -> tuple[str, str, str]:
    """Subject, class, month: as the columns stand, and in the order in which names are locked."""
    return name.subject, name.retention_class, name.month
