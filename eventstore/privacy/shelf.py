"""What is asked of the key store: rows of keys, and that they be destroyed. No key, wrapped or not, comes by here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.keys.rows import KeyRow
    from eventstore.ports import KeyName


@dataclass(frozen=True, slots=True)
class End:
    """A key that is to be destroyed. is_told: the log has said so already."""

    id: UUID
    name: KeyName
    why: str
    request: str | None
    is_told: bool


class KeyShelf(Protocol):
    """The rows of the key store. Each call is a transaction of its own there, and durable when it returns.

    Raises `KeyStoreUnavailable`.
    """

    def rows(self, subject: str) -> Sequence[KeyRow]:
        """All of the subject's, those that were destroyed, too."""

    def erase(self, subject: str, *, request: str | None, at: datetime) -> None:
        """Destroy all that the subject has, and have none be minted again.

        MUST wait for whoever mints, and MUST be harmless when repeated. What lived is now untold.
        """

    def destroy(self, subject: str, ends: Sequence[End], *, at: datetime) -> set[UUID]:
        """Destroy these keys of one subject; which lived. What lived is now told or untold as its end says.

        MUST keep a tombstone of one that it does not have, likewise: its name is not minted again.
        """

    def untold(self, *, limit: int, subject: str | None = None) -> Sequence[KeyRow]:
        """Destroyed keys whose end the log was not told of: of a subject, or of whomever."""

    def told(self, ids: Collection[UUID]) -> None:
        """The log knows of the end of these keys."""

    def past(
        self, retention_class: str, before: str, *, after: KeyRow | None, limit: int
    ) -> Sequence[KeyRow]:
        """Living keys of a class whose month lies before another, behind one of them, by month and id, so many."""

    def mark(self) -> str:
        """The cut up to which what the log says is carried out here; empty if nobody has said."""

    def move_mark(self, cut: str) -> None:
        """It is carried out up to there."""
