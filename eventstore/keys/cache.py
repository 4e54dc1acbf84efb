"""Keys that a process has opened: not many, not for long, and none of a subject whose keys it has destroyed.

Nothing is locked (see `sessions`): each step is one of the interpreter's own, and what two threads do at once is at worst done twice.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eventstore.ports import DataKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from uuid import UUID

    from eventstore.ports import Clock, Gone, KeyName

LIFE_S: Final = 58.0  # whoever opens with a key asks for it anew once a second: with that it is less than a minute
MOST: Final = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    id: UUID
    what: DataKey | Gone
    until: float


class Cache:
    """By id, and living keys by name. The oldest go first: all are asked for anew each minute, so that who was used last says little."""

    def __init__(
        self, clock: Clock, *, life_s: float = LIFE_S, most: int = MOST
    ) -> None:
        self._clock = clock
        self._life_s = life_s
        self._most = most
        self._ids: dict[UUID, _Entry] = {}
        self._names: dict[KeyName, _Entry] = {}
        self._order: deque[_Entry] = deque()
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._order)

    def __repr__(self) -> str:
        return f"<{len(self)} keys>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        msg = "keys are never pickled"
        raise TypeError(msg)

    def of_ids(self, ids: Collection[UUID]) -> dict[UUID, DataKey | Gone]:
        """Those that are here."""
        now = self._clock.monotonic()
        found = ((one, self._ids.get(one)) for one in ids)
        return {
            one: entry.what
            for one, entry in found
            if entry is not None and entry.until > now
        }

    def of_names(self, names: Collection[KeyName]) -> dict[KeyName, DataKey]:
        """Those that are here."""
        now, found = self._clock.monotonic(), {}
        for name in names:
            entry = self._names.get(name)
            if entry is not None and entry.until > now:
                assert isinstance(entry.what, DataKey)  # noqa: S101  (only such have names)
                found[name] = entry.what
        return found

    def asking(self) -> tuple[float, int]:
        """To be taken before the store is asked, and given back with its answer: a key's life begins here."""
        return self._clock.monotonic() + self._life_s, self._forgotten

    def keep(
        self, found: Mapping[UUID, DataKey | Gone], asked: tuple[float, int]
    ) -> None:
        """What the store said. Not, if a subject was forgotten since it was asked."""
        until, forgotten = asked
        if forgotten != self._forgotten:
            return
        for id_, what in found.items():
            entry = _Entry(id_, what, until)
            self._order.append(entry)
            self._ids[id_] = entry
            if isinstance(what, DataKey):
                self._names[what.name] = entry
        if forgotten != self._forgotten:  # in this very moment
            self._drop(tuple(self._ids.copy().values()))
        self._sweep()

    def forget(self, subjects: Iterable[str]) -> None:
        """Drop every key of these, and what was asked for and has not come yet."""
        self._forgotten += 1
        gone = frozenset(subjects)
        self._drop(
            [
                one
                for one in self._ids.copy().values()
                if isinstance(one.what, DataKey) and one.what.name.subject in gone
            ]
        )

    def clear(self) -> None:
        """Drop all."""
        self._forgotten += 1
        self._drop(tuple(self._ids.copy().values()))
        self._order.clear()

    def _sweep(self) -> None:
        """Drop what is over, and what is too much."""
        now = self._clock.monotonic()
        while self._order:
            if len(self._order) <= self._most and self._order[0].until > now:
                return
            try:
                self._drop([self._order.popleft()])
            except IndexError:  # another thread did
                return

    def _drop(self, entries: Collection[_Entry]) -> None:
        for entry in entries:
            if self._ids.get(entry.id) is entry:
                self._ids.pop(entry.id, None)
            name = entry.what.name if isinstance(entry.what, DataKey) else None
            if name is not None and self._names.get(name) is entry:
                self._names.pop(name, None)
