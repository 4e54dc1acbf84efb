"""A clock that a test moves on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from eventstore.appender.admission import Door
from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.errors import AppendOutcomeUnknown, LogUnavailable
from eventstore.opening import sealer
from eventstore.testing.faulty_log import Network

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from eventstore.store import EventStore
    from eventstore.testing.faulty_log import Fault

A_HANG_S: Final = 120.0  # ends what would hang; however busy the machine is, nothing else takes as long
A_DAY: Final = 86_400.0  # longer than any time that a caller gives
# A caller's time, where a test holds a commit on its way and lets it run out: in one of them the commit gets there.
_IN_FLIGHT_S: Final = (2.0, 8.0, 32.0)


def its_time_is_up_in_flight(append: Callable[[float], object]) -> bool:
    """Whether it ran out for a commit that was on its way; on a busy machine it may be withdrawn before, and has more time then."""
    for seconds in _IN_FLIGHT_S:
        try:
            append(seconds)
        except LogUnavailable:
            continue
        except AppendOutcomeUnknown:
            return True
    return False


class MovableClock(SystemClock):
    """The machine's clock, and `ahead` seconds more."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        """See the port."""
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        """See the port."""
        return super().monotonic() + self.ahead


class StillClock(MovableClock):
    """Stands still but for `ahead`."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = SystemClock().now()

    def now(self) -> datetime:
        """See the port."""
        return self._begun + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        """See the port."""
        return self.ahead


class FixedClock(StillClock):
    """Says the instant that it was set to."""

    def __init__(self, instant: datetime) -> None:
        super().__init__()
        self.set(instant)

    def set(self, instant: datetime) -> None:
        """It is then now."""
        self._begun, self.ahead = instant, 0.0


class Hourglass(Network):
    """A network that ends the time of those who live by its clock, once so many proposals have been handed over.

    However slow the machine is, they were handed over in time; and nobody waits for the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Patience()
        self._left = 0

    def time_is_up_after(self, proposals: int) -> None:
        """Of those to come."""
        self._left = proposals

    def next_fault(self) -> Fault:
        """See `Network`."""
        if self._left == 1:
            self.clock.spent = A_DAY
        self._left -= 1
        return super().next_fault()


class Patience(SystemClock):
    """The machine's clock, by which `spent` seconds more have passed since something began."""

    spent = 0.0

    def monotonic(self) -> float:
        """See the port."""
        return super().monotonic() + self.spent


def by(clock: MovableClock, store: EventStore) -> EventStore:
    """A store like the given one, whose process lives by this clock."""
    types = registry()
    return type(store)(
        topics=store.topics, door=Door(types, clock, sealer()), clock=clock
    )
