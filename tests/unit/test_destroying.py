"""Erasures and what is past its time, killed at every step, repeated, two at once: they end in the same state."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.clock import SystemClock
from eventstore.errors import AlreadyErased, LineageUnreadable, UnderHold
from eventstore.events import Expected, NewEvent
from eventstore.keys.rows import Minted
from eventstore.lineage.recording import record_minted
from eventstore.ports import KeyName
from eventstore.privacy.deciding import Deciding
from eventstore.privacy.destroying import SEALED_EVENTS, Destroying
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import shop
from eventstore.testing.shop_privacy import CustomerHeld, register_privacy
from tests.support.shelves import KilledError, Killing, MemoryShelf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from eventstore.lineage.fold import Lineage

TYPES = register_privacy(shop())
CLOCK = SystemClock()
MONTHS = ["2026-01", "2026-02", "2026-03"]
WHO = {"requested_by": "ada", "approved_by": "bo"}


class Unheld(CustomerHeld, frozen=True, kw_only=True):
    """A hold under another name."""


class World:
    """A store, a shelf, and whom keys are destroyed of."""

    def __init__(self) -> None:
        self.store = MemoryEventStore(TYPES)
        self.shelf = MemoryShelf()
        self.reached: list[tuple[str, list[UUID]]] = []
        self.mint("c-1", *MONTHS)
        self.mint("c-2", "2026-01")

    def reach(self, subject: str, ids: Sequence[UUID]) -> Mapping[str, int]:
        self.reached.append((subject, list(ids)))
        return {SEALED_EVENTS: 5, "snapshots": 2}

    def destroying(self, killing: Killing | None = None) -> Destroying:
        killing = killing or Killing()
        return Destroying(
            Deciding(killing.wrap(self.store, "append", "submit"), TYPES),
            killing.wrap(self.shelf, "erase", "destroy", "told"),
            CLOCK,
            killing.wrap(self, "reach").reach,
        )

    def mint(self, subject: str, *months: str, told: bool = True) -> None:
        for month in months:
            row = self.shelf.mint(KeyName(subject, "talk", month))
            assert row is not None
            if told:
                key = Minted(row.id, row.name, row.commitment)
                record_minted(self.store, TYPES.privacy, [key])  # type: ignore[arg-type]

    def lineage(self, subject: str = "c-1") -> Lineage:
        return self.destroying().lineage(subject)

    def append(self, event: Any, subject: str = "c-1") -> None:
        self.store.append(f"privacy.{subject}", [NewEvent(event)], Expected.ANY)

    def types(self, subject: str = "c-1") -> list[str]:
        return [
            one.metadata.event_type for one in self.store.read(f"privacy.{subject}")
        ]


def erase(destroying: Destroying, request: str = "r-1") -> Lineage:
    destroying.order_erasure("c-1", request=request, **WHO)
    return destroying.finish("c-1")


def assert_erased(world: World) -> None:
    lineage = world.lineage()
    minted = [key for key in lineage.keys.values() if key.minted_at is not None]
    ends = [key.destroyed for key in minted if key.destroyed is not None]
    assert len(ends) == len(minted) == len(MONTHS)
    assert {(end.why, end.request) for end in ends} == {("erasure", "r-1")}
    [erasure] = lineage.erasures
    assert (erasure.keys, erasure.events, erasure.found) == (3, 5, {"snapshots": 2})
    assert (erasure.requested_by, erasure.approved_by) == ("ada", "bo")
    assert lineage.open_orders() == []
    assert world.shelf.untold(limit=9) == []
    assert {row.name.subject for row in world.shelf.keys.values() if not row.destroyed_at} == {"c-2"}  # fmt: skip
    assert world.shelf.mint(KeyName("c-1", "talk", "2026-04")) is None
    # each thing is told once, however often it was done
    assert sorted(world.types()) == sorted(
        ["CustomerKeyMinted"] * 3
        + ["CustomerKeysCondemned"]
        + ["CustomerKeyDestroyed"] * 3
        + ["CustomerForgotten"]
    )


def steps() -> int:
    world, killing = World(), Killing()
    erase(world.destroying(killing))
    return killing.calls


def test_an_erasure_destroys_tells_and_completes() -> None:
    world = World()

    erase(world.destroying())

    assert_erased(world)
    assert world.reached == [("c-1", sorted(world.lineage().keys))]


def test_an_erasure_that_is_asked_for_twice_is_done_once() -> None:
    world = World()

    erase(world.destroying())
    erase(world.destroying())

    assert_erased(world)


@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize("step", range(steps()))
@pytest.mark.parametrize("by", ["again", "job"])
def test_an_erasure_that_is_killed_at_any_step_is_finished(
    step: int,
    is_behind: bool,  # noqa: FBT001  (a parameter)
    by: str,
) -> None:
    world = World()
    with pytest.raises(KilledError):
        erase(world.destroying(Killing(step, is_behind=is_behind)))

    is_ordered = bool(world.lineage().orders)
    if by == "again" or not is_ordered:
        erase(world.destroying())
    else:
        world.destroying().finish("c-1")

    assert_erased(world)


def test_two_erasures_at_once_end_in_one() -> None:
    for _ in range(20):
        world, barrier = World(), Barrier(2)

        def work(world: World = world, barrier: Barrier = barrier) -> None:
            destroying = world.destroying()
            barrier.wait()
            erase(destroying)

        threads = [Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert_erased(world)


def test_another_request_for_the_same_subject_is_refused_and_named() -> None:
    world = World()
    erase(world.destroying())

    with pytest.raises(AlreadyErased) as refused:
        erase(world.destroying(), "r-2")

    assert refused.value.request == "r-1"
    assert_erased(world)


def test_a_key_that_was_minted_and_not_told_is_told_with_its_end() -> None:
    world = World()
    world.mint("c-1", "2026-04", told=False)

    erase(world.destroying())

    lineage = world.lineage()
    assert len(lineage.keys) == 4
    assert all(key.minted_at and key.destroyed for key in lineage.keys.values())


def test_a_key_that_the_store_has_lost_is_ended_all_the_same() -> None:
    world = World()
    [lost, *_] = world.shelf.rows("c-1")
    del world.shelf.keys[lost.id]

    erase(world.destroying())

    assert_erased(world)
    assert world.shelf.keys[lost.id].destroyed_at is not None


def hold(scope: Any = "all") -> CustomerHeld:
    return CustomerHeld(hold_id="h-1", scope=scope, clause="s.4", kind="litigation")


@pytest.mark.parametrize("scope", ["all", ["2026-02"]])
def test_under_a_hold_nothing_is_erased_and_the_reason_is_said(scope: Any) -> None:
    world = World()
    world.append(hold(scope))

    with pytest.raises(UnderHold, match=r"hold h-1 \(litigation; clause s\.4;") as held:
        erase(world.destroying())

    assert "c-1" not in str(held.value)
    assert len(world.shelf.living()) == 4
    assert world.lineage().orders == ()


def test_a_hold_that_comes_while_an_erasure_is_decided_is_before_it() -> None:
    world = World()
    killing = Killing()
    destroying = world.destroying(killing)
    append = world.store.append

    def place_first(*args: Any, **kwargs: Any) -> Any:
        world.store.append = append  # type: ignore[method-assign]
        world.append(hold())
        return append(*args, **kwargs)

    world.store.append = place_first  # type: ignore[method-assign]

    with pytest.raises(UnderHold):
        erase(destroying)

    assert len(world.shelf.living()) == 4


def test_what_cannot_be_read_may_be_a_hold() -> None:
    """As where an older process meets a hold of a newer one."""
    world, older = World(), shop()
    older.stream_type("privacy", number=2)
    world.append(hold())
    assert TYPES.privacy is not None
    for struct in set(TYPES.privacy.classes) - {CustomerHeld}:
        older.event_type(struct, stream_type="privacy", subject=None)
    older.event_type(Unheld, stream_type="privacy", subject=None, name="Unheld")
    older.privacy_events(replace(TYPES.privacy, placed=Unheld))
    reading = MemoryEventStore(older)
    reading._partitions = world.store._partitions

    destroying = Destroying(Deciding(reading, older), world.shelf, CLOCK, world.reach)

    with pytest.raises(LineageUnreadable):
        erase(destroying)

    assert len(world.shelf.living()) == 4


# ---- what is past its time


def expire(world: World, destroying: Destroying, *months: str) -> None:
    keys = {
        row.id: row.name.month
        for row in world.shelf.rows("c-1")
        if row.name.month in months
    }
    destroying.order_expiry("c-1", keys)
    destroying.finish("c-1")


def assert_expired(world: World) -> None:
    lineage = world.lineage()
    gone = {key.month for key in lineage.keys.values() if key.destroyed is not None}
    assert gone == {"2026-01", "2026-02"}
    assert {row.name.month for row in world.shelf.rows("c-1") if not row.destroyed_at} == {"2026-03"}  # fmt: skip
    assert lineage.erased is None
    assert lineage.open_orders() == []
    assert world.types().count("CustomerKeyDestroyed") == 2
    assert world.shelf.mint(KeyName("c-1", "talk", "2026-01")) is None


@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize("step", range(8))
def test_what_is_past_its_time_ends_the_same_wherever_it_is_killed(
    step: int,
    is_behind: bool,  # noqa: FBT001  (a parameter)
) -> None:
    world = World()
    killing = Killing(step, is_behind=is_behind)
    try:
        expire(world, world.destroying(killing), "2026-01", "2026-02")
    except KilledError:
        expire(world, world.destroying(), "2026-01", "2026-02")

    assert_expired(world)


def test_a_hold_on_a_month_keeps_its_keys_past_their_time() -> None:
    world = World()
    world.append(hold(["2026-01"]))

    with pytest.raises(UnderHold):
        expire(world, world.destroying(), "2026-01", "2026-02")
    expire(world, world.destroying(), "2026-02")

    living = {r.name.month for r in world.shelf.rows("c-1") if not r.destroyed_at}
    assert living == {"2026-01", "2026-03"}


def test_an_erasure_counts_what_it_destroyed_and_not_what_was_past_its_time() -> None:
    world = World()
    expire(world, world.destroying(), "2026-01")

    erase(world.destroying())

    [erasure] = world.lineage().erasures
    assert erasure.keys == 2
    assert world.reached[-1][1] == sorted(
        row.id for row in world.shelf.rows("c-1") if row.why == "erasure"
    )


# ---- what rose


def test_what_a_restore_brought_back_is_destroyed_again_and_told() -> None:
    world = World()
    backup = world.shelf.copy()
    erase(world.destroying())
    world.shelf = backup

    risen = world.destroying().carry_out(world.lineage())
    world.destroying().tell_risen("c-1", risen)

    assert len(risen) == 3
    assert len(world.shelf.living()) == 1
    assert {k.destroyed.rose for k in world.lineage().keys.values() if k.destroyed} == {1}  # fmt: skip
    assert world.destroying().carry_out(world.lineage()) == set()
    assert world.shelf.untold(limit=9) == []
    assert world.shelf.mint(KeyName("c-1", "talk", "2027-01")) is None


def test_a_store_that_lost_everything_gets_its_tombstones_back() -> None:
    world = World()
    expire(world, world.destroying(), "2026-01")
    world.shelf = MemoryShelf()

    risen = world.destroying().carry_out(world.lineage())

    assert risen == set()
    assert world.shelf.mint(KeyName("c-1", "talk", "2026-01")) is None
    assert world.shelf.mint(KeyName("c-1", "talk", "2026-09")) is not None
