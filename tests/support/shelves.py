"""A key store's rows in memory, and what kills whoever works with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from eventstore.keys.rows import KeyRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from eventstore.ports import KeyName
    from eventstore.privacy.shelf import End

AT = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryShelf:
    """`KeyShelf`, and minting as the key store has it."""

    def __init__(self) -> None:
        self.keys: dict[UUID, KeyRow] = {}
        self.is_told: set[UUID] = set()
        self.erased: dict[str, str | None] = {}
        self.cut = ""

    def mint(self, name: KeyName) -> KeyRow | None:
        """The living key of a name; None where there may be none."""
        rows = [row for row in self.keys.values() if row.name == name]
        living = [row for row in rows if row.destroyed_at is None]
        if living:
            return living[0]
        if name.subject in self.erased or (rows and name.retention_class != "snapshot"):
            return None
        made = KeyRow(uuid4(), name, "kek-1", b"\1" * 32, AT)
        self.keys[made.id] = made
        return made

    def copy(self) -> MemoryShelf:
        """A backup."""
        made = MemoryShelf()
        made.keys, made.is_told = dict(self.keys), set(self.is_told)
        made.erased, made.cut = dict(self.erased), self.cut
        return made

    def living(self) -> set[UUID]:
        return {id_ for id_, row in self.keys.items() if row.destroyed_at is None}

    # ---- KeyShelf

    def rows(self, subject: str) -> Sequence[KeyRow]:
        return [row for row in self.keys.values() if row.name.subject == subject]

    def erase(self, subject: str, *, request: str | None, at: datetime) -> None:
        self.erased.setdefault(subject, request)
        lived = {row.id for row in self.rows(subject) if row.destroyed_at is None}
        for id_ in lived:
            self.keys[id_] = replace(
                self.keys[id_], destroyed_at=at, why="erasure", request=request
            )

    def destroy(self, subject: str, ends: Sequence[End], *, at: datetime) -> set[UUID]:
        lived = set()
        for end in ends:
            assert end.name.subject == subject
            row = self.keys.get(end.id)
            if row is not None and row.destroyed_at is not None:
                continue
            if row is None:
                row = KeyRow(end.id, end.name, "", b"", at)
            else:
                lived.add(end.id)
            self.keys[end.id] = replace(
                row, destroyed_at=at, why=end.why, request=end.request
            )
            if end.is_told:
                self.is_told.add(end.id)
        return lived

    def untold(self, *, limit: int, subject: str | None = None) -> Sequence[KeyRow]:
        return [
            row
            for row in self.keys.values()
            if row.destroyed_at is not None
            and row.id not in self.is_told
            and subject in (None, row.name.subject)
        ][:limit]

    def told(self, ids: Collection[UUID]) -> None:
        self.is_told |= set(ids) & self.keys.keys()

    def past(
        self, retention_class: str, before: str, *, after: KeyRow | None, limit: int
    ) -> Sequence[KeyRow]:
        rows = [
            row
            for row in self.keys.values()
            if row.destroyed_at is None
            and row.name.retention_class == retention_class
            and row.name.month < before
            and (after is None or _place(row) > _place(after))
        ]
        return sorted(rows, key=_place)[:limit]

    def mark(self) -> str:
        return self.cut

    def move_mark(self, cut: str) -> None:
        self.cut = cut


def _place(row: KeyRow) -> tuple[str, UUID]:
    return row.name.month, row.id


class KilledError(BaseException):
    """As a process's end: nobody catches it."""


class Killing:
    """Wraps what has effects: the n-th call of a named method ends whoever calls, before its effect or behind it."""

    def __init__(self, at: int | None = None, *, is_behind: bool = False) -> None:
        self.calls = 0
        self._at = at
        self._is_behind = is_behind

    def wrap(self, wrapped: Any, *names: str) -> Any:
        return _Wrapped(self, wrapped, names)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        number, self.calls = self.calls, self.calls + 1
        if number == self._at and not self._is_behind:
            raise KilledError
        result = function(*args, **kwargs)
        if number == self._at:
            raise KilledError
        return result


class _Wrapped:
    def __init__(self, killing: Killing, wrapped: Any, names: tuple[str, ...]) -> None:
        self._killing, self._wrapped, self._names = killing, wrapped, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._wrapped, name)
        if name not in self._names:
            return found
        return lambda *args, **kwargs: self._killing.call(found, *args, **kwargs)
