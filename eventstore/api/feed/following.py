"""How a follower gets from its cursor to what comes next: from the ring, where that goes so far back, else from the database.

Knows no HTTP. What is given lies behind the cursor without a gap, and the new cursor lies behind what was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from eventstore.api.feed.ring import Ahead, Behind, Taken, entries_of
from eventstore.api.subjects import named_by, others_in
from eventstore.clock import BackOff
from eventstore.events import Cut

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eventstore.api.feed.hub import Hub, Seat
    from eventstore.api.feed.ring import Entry
    from eventstore.ports import Clock, Reach

LOOKED: Final = 2_000  # events that are looked through for a bound token, an answer
PAUSE: Final = (
    0.1  # seconds, at least, between two of its looks: each asks the read model
)
LONGEST_PAUSE: Final = 1.0  # between looks that find the read model where it was: it may stand still for hours
_AGAIN: Final = 0.2  # seconds until who stands nowhere that the hub knows looks again


@dataclass(frozen=True, slots=True)
class Limits:
    """Of an answer. events: whole commits, at least one. looked, pause_s, longest_pause_s: see above."""

    events: int = 1_000
    looked: int = LOOKED
    pause_s: float = PAUSE
    longest_pause_s: float = LONGEST_PAUSE

    def pauses(self, clock: Clock) -> BackOff:
        """Between looks that are for nothing."""
        return BackOff(clock, self.pause_s, max(self.longest_pause_s, self.pause_s))


class Turns(Protocol):
    """A follower's share of the database: taken before it asks, given back before it waits."""

    def take(self) -> None:
        """Unless it is held."""

    def give_back(self) -> None:
        """If it is held."""


class Follower:
    """One cursor on its way."""

    def __init__(
        self, hub: Hub, seat: Seat, after: Cut, turn: Turns, limits: Limits
    ) -> None:
        self._hub, self._seat, self._turn, self._limits = hub, seat, turn, limits
        self.after = after
        self.has_waited = False
        self._was_read = False

    @property
    def clock(self) -> Clock:
        """Whose seconds count."""
        return self._hub.clock

    @property
    def ends(self) -> bool:
        """Whether the process is told to stop, or nobody waits any more."""
        return self._hub.ends.is_set() or self._seat.is_left

    def next(self, reach: Reach, timeout_s: float) -> Sequence[Entry]:
        """What comes next, in `timeout_s` seconds; nothing: there was nothing, it was others' alone, or the hub ends. The cursor has moved behind it.

        Who does not wait for the hub to hear of it sees all that was acknowledged: 0 seconds asks the database.
        """
        clock = self.clock
        until = clock.monotonic() + timeout_s
        pauses = self._limits.pauses(clock)
        while True:
            limit = self._limits.events if reach.sees_all else self._limits.looked
            taken, is_behind = self._take(limit)
            if timeout_s <= 0 and not taken.entries and not is_behind:
                taken, is_behind = self._read(limit), True
            found = self._seen(taken, reach)
            moved = found.upto != self.after
            self.after = found.upto
            left = until - clock.monotonic()
            is_full = moved and sum(len(one.events) for one in taken.entries) >= limit
            if found.entries or left <= 0 or is_full or self.ends:
                return found.entries
            if taken.entries:
                # others' alone: look on, but not at each of their events
                self._rest()
                self._hub.ends.wait(min(left, pauses.failed()))
                if moved:
                    pauses.succeeded()
            elif not is_behind or not moved:
                self._rest()
                self._seat.wait(min(left, _AGAIN) if is_behind else left)

    def _rest(self) -> None:
        self.has_waited = True
        self._turn.give_back()

    def _take(self, limit: int) -> tuple[Taken, bool]:
        """From the ring, or from the database; whether that was because the ring does not go back so far."""
        try:
            return self._seat.take(self.after, limit), False
        except Ahead:
            if self._was_read:  # it is the log's own: the hub will come so far
                self._hub.look()
                return Taken((), self.after), True
            self._was_read = True
            return self._read(limit), True
        except Behind:
            self._was_read = True
            return self._read(limit), True

    def _read(self, limit: int) -> Taken:
        self._turn.take()
        events, upto = self._hub.store.read_all(
            self.after, types=sorted(self._seat.types), limit=limit
        )
        return Taken(entries_of(events, self.clock.monotonic()), upto)

    def _seen(self, taken: Taken, reach: Reach) -> Taken:
        if reach.sees_all or not taken.entries:
            return taken
        self._turn.take()
        return visible(taken, reach, self.after, self._limits.events)


def visible(taken: Taken, reach: Reach, after: Cut, limit: int) -> Taken:
    """Of what was taken behind a cut, what a reach covers, without commits that name another; up to where the reach knows whose it is, and to the limit.

    First it is asked how far the reach knows, then what it covers: the other way round, what became known between the
    two would be passed over for ever.
    """
    before = reach.known_before()
    known = [
        entry for entry in taken.entries if before is None or entry.recorded_at < before
    ]
    covered = reach.covers({entry.stream_id for entry in known})
    own = [entry for entry in known if entry.stream_id in covered]
    others = others_in(reach, (event for entry in own for event in entry.events))
    found: list[Entry] = []
    events = 0
    for n, entry in enumerate(known):
        if entry.stream_id not in covered or _names(entry, others):
            continue
        events += len(entry.events)
        if found and events > limit:
            known = known[:n]
            break
        found.append(entry)
    return Taken(found, _back_to(taken, len(known), after))


def _names(entry: Entry, others: Collection[str | None]) -> bool:
    return bool(others) and any(named_by(event) in others for event in entry.events)


def _back_to(taken: Taken, passed: int, after: Cut) -> Cut:
    """The cut behind the first entries; the others are still to come."""
    offsets = dict(taken.upto.offsets)
    for entry in reversed(taken.entries[passed:]):
        offsets[entry.place] = max(entry.offset, after.offsets.get(entry.place, 0))
    return Cut(offsets)
