"""A clock that a test moves on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from eventstore.appender.admission import Door
from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.sealing import sealer

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.store import EventStore


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


def by(clock: MovableClock, store: EventStore) -> EventStore:
    """A store like the given one, whose process lives by this clock."""
    types = registry()
    return type(store)(
        topics=store.topics, door=Door(types, clock, sealer()), clock=clock
    )
