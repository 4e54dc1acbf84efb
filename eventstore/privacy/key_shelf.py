"""The key store as `KeyShelf`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.keys.rows import Tombstone
from eventstore.keys.store import LEAST_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from eventstore.keys.rows import KeyRow
    from eventstore.keys.store import KeyStore
    from eventstore.privacy.shelf import End


class KeyStoreShelf:
    """See `KeyShelf`."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store

    def rows(self, subject: str) -> Sequence[KeyRow]:
        """See `KeyShelf`."""
        return self._store.rows(subject)

    def erase(self, subject: str, *, request: str | None, at: datetime) -> None:
        """See `KeyShelf`."""
        self._store.erase(subject, at=at, request=request or "")

    def destroy(self, subject: str, ends: Sequence[End], *, at: datetime) -> set[UUID]:
        """See `KeyShelf`. What is a tombstone already is not touched: with a key that lives goes that of the subject's snapshots."""
        gone = {row.id for row in self._store.rows(subject) if row.destroyed_at}
        lived: set[UUID] = set()
        for is_told in (True, False):
            tombstones = [
                Tombstone(end.id, end.name, at, end.why, end.request)
                for end in ends
                if end.is_told is is_told and end.id not in gone
            ]
            if tombstones:
                lived |= self._store.bury(tombstones, told=is_told)
        return lived & {end.id for end in ends}

    def untold(self, *, limit: int, subject: str | None = None) -> Sequence[KeyRow]:
        """See `KeyShelf`."""
        if subject is not None:
            mine = self._store.rows(subject)
            return [
                one
                for one in mine
                if one.destroyed_at is not None and not one.destruction_in_log
            ][:limit]
        return self._store.ended_untold(LEAST_ID, limit)

    def told(self, ids: Collection[UUID]) -> None:
        """See `KeyShelf`."""
        self._store.end_told(ids)

    def past(
        self, retention_class: str, before: str, *, after: KeyRow | None, limit: int
    ) -> Sequence[KeyRow]:
        """See `KeyShelf`."""
        behind = ("", LEAST_ID) if after is None else (after.name.month, after.id)
        return self._store.past(retention_class, before, behind, limit)

    def mark(self) -> str:
        """See `KeyShelf`."""
        return self._store.mark()

    def move_mark(self, cut: str) -> None:
        """See `KeyShelf`."""
        self._store.move_mark(cut)
