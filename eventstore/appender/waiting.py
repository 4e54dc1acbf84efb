"""Commits that wait for the appender: a line for each place, served in turn, so that a flood into one holds up no other.

Bounded in number and in bytes. A place may take as much as is left free for all others: one that is flooded gets half of
the room, two a third each, and whoever comes to a third one still finds some.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.appender.pending import Line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from eventstore.appender.pending import Pending
    from eventstore.events import Place

_OVERHEAD: Final = 2_000  # bytes of a commit's objects beside its encoded form


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process's appender takes on.

    commits: that wait. commit_bytes: of those that wait or are being settled; one commit, however large, is taken if
    there is nothing else. share_s: seconds that a turn may fold in one place, before it looks after the others.
    batch, batch_bytes: commits and bytes of a turn, whichever is reached first; one commit is taken, however large.
    """

    commits: int = 10_000
    commit_bytes: int = 64_000_000
    share_s: float = 0.1
    batch: int = 500
    batch_bytes: int = 8_000_000


class Waiting:
    """Not for use without the appender's lock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: dict[Place, Line] = {}
        self._turns: deque[Line] = deque()  # those where something waits
        self._waiting = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._waiting

    def has_room(self, pending: Pending) -> bool:
        """Whether it may be added now."""
        limits, line = self._limits, self._line_of(pending)
        if len(line.waiting) >= limits.commits - self._waiting:
            return False
        free = limits.commit_bytes - self._bytes
        return not self._bytes or line.bytes + _size(pending) <= free

    def full(self) -> str:
        """What to tell whoever found no room."""
        return f"{self._waiting} commits wait already, {self._bytes} bytes"

    def add(self, pending: Pending) -> None:
        """At the end of its place's line."""
        line = self._line_of(pending)
        if not line.waiting:
            self._turns.append(line)
        line.waiting.append(pending)
        self._waiting += 1
        self._count(line, _size(pending))

    def take(self, stuck: Collection[Place] = ()) -> Pending | None:
        """The next one, of the place whose turn it is among those that are not stuck; None if none waits there.

        Its bytes count until it is resolved: tell by `resolved`.
        """
        turns = self._turns
        for _ in range(len(turns)):
            line = turns.popleft()
            if stuck and line.place in stuck:
                turns.append(line)
                continue
            pending = line.waiting.popleft()
            self._waiting -= 1
            if line.waiting:
                turns.append(line)
            return pending
        return None

    def put_back(self, pendings: Sequence[Pending]) -> None:
        """To the head of their lines, in their order."""
        for pending in reversed(pendings):
            line = self._line_of(pending)
            if not line.waiting:
                self._turns.append(line)
            line.waiting.appendleft(pending)
            self._waiting += 1

    def resolved(self, pendings: Iterable[Pending]) -> None:
        """They have their answers, or their callers have withdrawn them: there is room again."""
        for pending in pendings:
            self._count(self._line_of(pending), -_size(pending))

    def _line_of(self, pending: Pending) -> Line:
        line = pending.line
        if line is None:
            place = pending.place
            line = self._lines.get(place) or self._lines.setdefault(place, Line(place))
            pending.line = line
        return line

    def _count(self, line: Line, size: int) -> None:
        self._bytes += size
        line.bytes += size


def _size(pending: Pending) -> int:
    return len(pending.value) + _OVERHEAD
