"""What is past its time, at every border, by pages of one, and what a hold keeps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.keys.rows import Minted
from eventstore.lineage.recording import record_minted
from eventstore.ports import KeyName
from eventstore.privacy.deciding import Deciding
from eventstore.privacy.destroying import Destroying
from eventstore.privacy.holding import Holding
from eventstore.privacy.policy import policies
from eventstore.privacy.retention import Retention
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.shop import shop
from eventstore.testing.shop_privacy import register_privacy
from tests.support.clocks import FixedClock
from tests.support.shelves import MemoryShelf

if TYPE_CHECKING:
    from eventstore.privacy.retention import Expiry

TYPES = register_privacy(shop())
REST: dict[str, Any] = {"since": "2020-01-01", "purpose": "p", "need": "n", "source": "s"}  # fmt: skip
POLICIES = policies(
    {
        "talk": [{**REST, "months": 2}],
        "case": [{**REST, "months": 12}],
        "proof": [{**REST, "months": None}],
    }
)


class World:
    """Two subjects with keys of three classes."""

    def __init__(self, now: str = "2026-11-30T23:59:59") -> None:
        self.clock = FixedClock(datetime.fromisoformat(now).replace(tzinfo=UTC))
        self.shelf = MemoryShelf()
        store = MemoryEventStore(TYPES)
        self.deciding = Deciding(store, TYPES)
        self.destroying = Destroying(
            self.deciding, self.shelf, self.clock, lambda _subject, _ids: {}
        )
        self.holding = Holding(self.deciding, self.clock)
        for subject in ("c-1", "c-2"):
            for month in ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11"):
                self.mint(KeyName(subject, "talk", month))
            self.mint(KeyName(subject, "case", "2026-07"))
            self.mint(KeyName(subject, "proof", "2020-01"))
            self.mint(KeyName(subject, "snapshot", "all"))

    def mint(self, name: KeyName) -> None:
        row = self.shelf.mint(name)
        assert row is not None
        key = Minted(row.id, row.name, row.commitment)
        record_minted(self.deciding.store, self.deciding.events, [key])

    def retention(self, page: int = 1_000) -> Retention:
        return Retention(self.destroying, self.shelf, self.clock, POLICIES, page=page)

    def months(self, subject: str, retention_class: str = "talk") -> list[str]:
        return sorted(
            row.name.month
            for row in self.shelf.rows(subject)
            if row.destroyed_at is None and row.name.retention_class == retention_class
        )


def of_class(expiries: list[Expiry], name: str) -> Expiry:
    return next(e for e in expiries if e.policy.retention_class == name)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-10-31T23:59:59", ["2026-08", "2026-09", "2026-10", "2026-11"]),
        ("2026-11-01T00:00:00", ["2026-09", "2026-10", "2026-11"]),
        ("2026-11-30T23:59:59", ["2026-09", "2026-10", "2026-11"]),
        ("2026-12-01T00:00:00", ["2026-10", "2026-11"]),
    ],
)
def test_a_month_goes_at_the_instant_at_which_it_is_wholly_past(
    now: str, left: list[str]
) -> None:
    world = World(now)

    world.retention().run()

    assert world.months("c-1") == world.months("c-2") == left
    assert world.months("c-1", "case") == ["2026-07"]
    assert world.months("c-1", "proof") == ["2020-01"]


@pytest.mark.parametrize("page", [1, 2, 3])
def test_pages_of_any_size_destroy_the_same(page: int) -> None:
    world = World()

    talk = of_class(world.retention(page).run(), "talk")

    assert (talk.due, talk.destroyed, talk.held) == (4, 4, 0)
    assert world.months("c-1") == ["2026-09", "2026-10", "2026-11"]
    assert all(e.due == 0 for e in world.retention(page).run())


def test_a_dry_run_says_what_a_run_does_and_destroys_nothing() -> None:
    world = World()
    hold(world, ["2026-07"])

    talk = of_class(world.retention().due(), "talk")

    assert (talk.due, talk.destroyed, talk.held) == (4, 0, 1)
    assert talk.months == {"2026-07", "2026-08"}
    assert len(world.months("c-1")) == 5
    run = of_class(world.retention().run(), "talk")
    assert (run.due, run.destroyed, run.held) == (4, 3, 1)


def test_the_key_of_snapshots_goes_with_a_month_and_comes_anew() -> None:
    world = World()

    world.retention().run()

    assert world.months("c-1", "snapshot") == []
    assert world.shelf.mint(KeyName("c-1", "snapshot", "all")) is not None


def test_a_subject_of_which_nothing_is_past_keeps_its_snapshots() -> None:
    world = World("2026-09-01T00:00:00")

    world.retention().run()

    assert world.months("c-1", "snapshot") == ["all"]


def hold(world: World, scope: Any) -> None:
    world.holding.place(
        "c-1",
        hold_id="h-1",
        scope=scope,
        clause="s.4",
        kind="statutory",
        requested_by="ada",
    )


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        (["2026-07"], ["2026-07", "2026-09", "2026-10", "2026-11"]),
        ("all", ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]),
    ],
)
def test_a_hold_keeps_what_it_names_until_it_is_lifted(
    scope: Any, kept: list[str]
) -> None:
    world = World()
    hold(world, scope)

    world.retention().run()
    assert world.months("c-1") == kept
    assert world.months("c-2") == ["2026-09", "2026-10", "2026-11"]

    world.holding.lift("c-1", hold_id="h-1", requested_by="ada", approved_by="bo")
    world.retention().run()
    assert world.months("c-1") == ["2026-09", "2026-10", "2026-11"]


def test_the_log_says_why() -> None:
    world = World()

    world.retention().run()

    lineage = world.deciding.lineage("c-1")
    assert {k.destroyed.why for k in lineage.keys.values() if k.destroyed} == {"retention"}  # fmt: skip
    assert lineage.erased is None
