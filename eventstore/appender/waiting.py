"""Commits that wait for the appender: a line for each place, served in turn, so that a flood into one holds up no other.

Bounded in number and in bytes. A place may take as much as is left free for all others: one that is flooded gets half of
the room, two a third each, and whoever comes to a third one still finds some.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eventstore.appender.pending import Pending
    from eventstore.events import Place

_OVERHEAD: Final = 2_000  # bytes of a commit's objects beside its encoded form


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process's appender takes on.

    commits: that wait. commit_bytes: of those that wait or are being settled; one commit, however large, is taken if
    there is nothing else. share_s: seconds that a turn may fold in one place, before it looks after the others.
    """

    commits: int = 10_000
    commit_bytes: int = 64_000_000
    share_s: float = 0.1


class Waiting:
    """Not for use without the appender's lock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: OrderedDict[Place, deque[Pending]] = OrderedDict()
        self._waiting = 0
        self._bytes: Counter[Place] = Counter()
        self._all_bytes = 0

    def __len__(self) -> int:
        return self._waiting

    def __iter__(self) -> Iterator[Pending]:
        return chain.from_iterable(self._lines.values())

    def has_room(self, pending: Pending) -> bool:
        """Whether it may be added now."""
        line = self._lines.get(pending.place, ())
        if len(line) >= self._limits.commits - self._waiting:
            return False
        wanted = self._bytes[pending.place] + _size(pending)
        return (
            not self._all_bytes or wanted <= self._limits.commit_bytes - self._all_bytes
        )

    def full(self) -> str:
        """What to tell whoever found no room."""
        return f"{self._waiting} commits wait already, {self._all_bytes} bytes"

    def add(self, pending: Pending) -> None:
        """At the end of its place's line."""
        self._lines.setdefault(pending.place, deque()).append(pending)
        self._waiting += 1
        self._count(pending, _size(pending))

    def take(self, may: Callable[[Place], bool] = lambda _: True) -> Pending | None:
        """The next one, of the place whose turn it is among those that may; None if none waits there.

        Its bytes count until it is resolved: tell by `resolved`.
        """
        place = next(filter(may, self._lines), None)
        if place is None:
            return None
        pending = self._lines[place][0]
        self._leave(place, deque.popleft)
        if place in self._lines:
            self._lines.move_to_end(place)
        return pending

    def put_back(self, pendings: Sequence[Pending]) -> None:
        """To the head of their lines, in their order."""
        for pending in reversed(pendings):
            self._lines.setdefault(pending.place, deque()).appendleft(pending)
            self._waiting += 1

    def resolved(self, pending: Pending) -> None:
        """It has its answer, or its caller has withdrawn it: there is room again."""
        self._count(pending, -_size(pending))
        line = self._lines.get(pending.place, ())
        if pending.future.cancelled() and pending in line:
            self._leave(pending.place, lambda one: one.remove(pending))

    def _leave(self, place: Place, take: Callable[[deque[Pending]], object]) -> None:
        take(self._lines[place])
        self._waiting -= 1
        if not self._lines[place]:
            del self._lines[place]

    def _count(self, pending: Pending, size: int) -> None:
        self._all_bytes += size
        self._bytes[pending.place] += size


def _size(pending: Pending) -> int:
    return len(pending.value) + _OVERHEAD
