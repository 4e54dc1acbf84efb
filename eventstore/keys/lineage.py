"""What the key store needs of the log: handed in, for the log is told of keys by rooms above."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.keys.rows import Minted, Tombstone


@dataclass(frozen=True, slots=True)
class Past:
    """What the log says of a subject of whom this store knows nothing. erased: when, and by which request."""

    erased: tuple[datetime, str] | None = None
    destroyed: Sequence[Tombstone] = field(default=())


class Lineage(Protocol):
    """The log's word about keys."""

    def record_minted(self, keys: Collection[Minted]) -> None:
        """MUST return only when the log knows each of them, and raise `KeyStoreUnavailable` where that is not known: of what was to be sealed
        nothing was written. MUST be harmless when repeated, by whomever."""

    def commitments(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """SHA-256 of each key under the sealing's label, as the log has it; what it does not know is left out."""

    def past(self, subject: str) -> Past:
        """What became of the subject's keys. A store that was put back may have forgotten it."""

    def refuse_undead(self) -> None:
        """Raise `KeyStoreUnavailable` while the store may have keys that the log says are destroyed."""
