"""Who follows for a household asks the read model again and again while it lags: seldom, where it stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.api.feed.following import Limits
from eventstore.events import Cut
from tests.support.clocks import StillClock
from tests.support.feeding import Bound, StillHub, a_follower, a_store, grow

if TYPE_CHECKING:
    from eventstore.testing.memory import MemoryEventStore


class Pauses:
    """In the place of the hub's end: a pause takes no time, but by its clock."""

    def __init__(self) -> None:
        self.clock, self.taken = StillClock(), list[float]()

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        self.taken.append(seconds)
        self.clock.ahead += seconds
        return False


def pauses_of(store: MemoryEventStore, reach: Bound, limits: Limits) -> list[float]:
    """Of a follower that waits ten seconds for nothing."""
    hub, pauses = StillHub(store, 100_000), Pauses()
    given: Any = pauses
    hub.ends, hub.clock = given, pauses.clock
    with hub.seat(["apple"]) as seat:
        hub.turn()
        assert not a_follower(hub, seat, Cut(), limits).next(reach, 10.0)
    return pauses.taken


@pytest.mark.parametrize("longest", [1.0, 2.0, 3.0])
def test_pauses_grow_while_the_read_model_stands_still(longest: float) -> None:
    store = a_store(partitions=1)
    grow(store, "apple", "mine")
    [event] = store.read("apple.mine")
    stands = Bound("mine", before=event.recorded_at)

    taken = pauses_of(store, stands, Limits(longest_pause_s=longest))

    assert taken[1:5] == [0.1, 0.2, 0.4, 0.8]  # before that it saw where it stands
    assert max(taken) == longest
    assert len(taken) < 20
    assert sum(taken) == pytest.approx(10.0)
