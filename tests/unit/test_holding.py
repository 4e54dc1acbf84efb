"""Legal holds: placed by one, lifted by two, never before their floor and never by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from eventstore.errors import (
    HoldNotFound,
    HoldNotLiftable,
    HoldRefused,
    SecondPersonMissing,
    UnderHold,
)
from eventstore.events import Expected, NewEvent
from eventstore.privacy.deciding import Deciding
from eventstore.privacy.destroying import Destroying
from eventstore.privacy.holding import KINDS, Holding
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import shop
from eventstore.testing.shop_privacy import CustomerHeld, register_privacy
from tests.support.clocks import FixedClock
from tests.support.shelves import MemoryShelf

TYPES = register_privacy(shop())
FLOOR = date(2027, 6, 1)
TWO = {"requested_by": "ada", "approved_by": "bo"}


class World:
    def __init__(self) -> None:
        self.clock = FixedClock(datetime(2026, 11, 30, tzinfo=UTC))
        self.store = MemoryEventStore(TYPES)
        self.deciding = Deciding(self.store, TYPES)
        self.holding = Holding(self.deciding, self.clock)

    def place(self, **other: Any) -> None:
        said: dict[str, Any] = {
            "hold_id": "h-1",
            "scope": "all",
            "clause": "s.4",
            "kind": "statutory",
            "requested_by": "ada",
            **other,
        }
        self.holding.place("c-1", **said)

    def erase(self, request: str = "r-1") -> None:
        destroying = Destroying(
            self.deciding, MemoryShelf(), self.clock, lambda _subject, _ids: {}
        )
        destroying.order_erasure("c-1", request=request, **TWO)
        destroying.finish("c-1")

    def version(self) -> int:
        return len(list(self.store.read("privacy.c-1")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_hold_of_each_kind_binds(kind: str) -> None:
    world = World()

    world.place(kind=kind, floor=FLOOR)

    [hold] = world.holding.holds("c-1")
    assert (hold.kind, hold.floor, hold.placed_by) == (kind, FLOOR, "ada")
    with pytest.raises(UnderHold, match=kind):
        world.erase()


def test_a_hold_of_another_kind_is_refused() -> None:
    world = World()

    with pytest.raises(HoldRefused, match="statutory"):
        world.place(kind="personal")

    assert world.version() == 0


def test_a_hold_that_is_placed_twice_is_placed_once() -> None:
    world = World()

    world.place(scope=["2026-02", "2026-01", "2026-01"])
    world.place(scope=["2026-01", "2026-02"])

    assert world.version() == 1


def test_an_id_is_of_one_hold_for_good() -> None:
    world = World()
    world.place()

    with pytest.raises(HoldRefused, match="another id"):
        world.place(clause="s.9")
    world.holding.lift("c-1", hold_id="h-1", **TWO)
    with pytest.raises(HoldRefused, match="another id"):
        world.place()


def test_what_is_erased_cannot_be_held_any_more() -> None:
    world = World()
    world.erase()

    with pytest.raises(HoldRefused, match="erased under request r-1"):
        world.place()


@pytest.mark.parametrize(
    ("first", "second"), [("ada", "ada"), ("ada", "Ada "), ("ada", ""), ("", "bo")]
)
def test_one_person_alone_lifts_nothing(first: str, second: str) -> None:
    world = World()
    world.place()

    with pytest.raises(SecondPersonMissing):
        world.holding.lift("c-1", hold_id="h-1", requested_by=first, approved_by=second)

    assert len(world.holding.holds("c-1")) == 1


def test_two_people_lift_it_and_lifting_it_again_is_no_error() -> None:
    world = World()
    world.place()

    world.holding.lift("c-1", hold_id="h-1", **TWO)
    world.holding.lift("c-1", hold_id="h-1", **TWO)

    assert world.holding.holds("c-1") == []
    assert world.version() == 2
    world.erase()


def test_a_hold_that_nobody_placed_is_not_found() -> None:
    with pytest.raises(HoldNotFound):
        World().holding.lift("c-1", hold_id="h-9", **TWO)


def test_before_its_floor_nobody_lifts_it_and_after_it_it_binds_until_somebody_does() -> (
    None
):
    world = World()
    world.place(floor=FLOOR)

    world.clock.set(datetime(2027, 5, 31, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(HoldNotLiftable, match="2027-06-01"):
        world.holding.lift("c-1", hold_id="h-1", **TWO)

    world.clock.set(datetime(2027, 6, 1, tzinfo=UTC) + timedelta(days=3650))
    with pytest.raises(UnderHold):
        world.erase()

    world.clock.set(datetime(2027, 6, 1, tzinfo=UTC))
    world.holding.lift("c-1", hold_id="h-1", **TWO)
    world.erase()


def test_a_hold_that_was_recorded_without_a_kind_binds() -> None:
    world = World()
    event = CustomerHeld(hold_id="h-0", scope="all", clause="s.1")
    world.store.append("privacy.c-1", [NewEvent(event)], Expected.ANY)

    with pytest.raises(UnderHold, match="hold h-0"):
        world.erase()
