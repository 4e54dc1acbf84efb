"""One look of the sampler at one snapshot: what it compares, counts, tells and sets aside, and what that costs of events."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection

from eventstore.errors import StateNotStorable
from eventstore.events import Expected, NewEvent
from eventstore.models import Snapshot as Row
from eventstore.models import SnapshotFailure
from eventstore.opening import opener
from eventstore.queries.snapshots import NOT_OURS
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder import sampling
from eventstore.snapshots.builder.sampling import Sampled, Sampler
from eventstore.testing.memory_keys import keys_of_this_process
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.snapshots.test_snapshot_sampling import rewrite
from tests.support.snapshotting import World
from tests.support.worlds import WITHOUT_TRIGGERS

if TYPE_CHECKING:
    from eventstore.store import EventStore
    from tests.plugins.stores import Stores


class Picked(Random):
    """Chance that always comes to this version."""

    def __init__(self, version: int) -> None:
        super().__init__(0)
        self._version = version

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        """The first place."""
        del stop, step
        return start

    def choice(self, seq: Any) -> Any:
        """The one of this version."""
        return next(one for one in seq if one[1] == self._version)


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def looked(world: World, version: int, times: int = 1) -> Sampled:
    """What one who looks at the snapshot of this version, so many times, finds of the only stream."""
    sampled = Sampled()
    snapshots = snapshot_store(world.order, opener=opener())
    with snapshots.writer() as writer:
        sampler = Sampler(snapshots, world.store, writer, Picked(version))
        for _ in range(times):
            for span in sampler.spans():
                sampler.look_into(span, sampled)
    return sampled


def built(world: World, *events: int) -> str:
    """A stream of commits of so many events, with its snapshots."""
    for more in events:
        stream_id = world.stream("a", more)
    world.snapshotter().build_due()
    return stream_id


def aside() -> list[int]:
    """The versions that nobody loads again."""
    return [row.version for row in Row.objects.filter(drifted=True).order_by("version")]


def test_each_look_costs_the_events_up_to_its_version(world: World) -> None:
    built(world, 30)

    assert looked(world, 20, times=2) == Sampled(looked_at=2, events=40)
    assert aside() == []


def test_one_that_has_drifted_has_all_others_of_its_stream_compared(
    world: World,
) -> None:
    stream = built(world, 50)
    for version in (20, 30):
        rewrite(stream, version, '{"quantity":1}')

    sampled = looked(world, 20)

    named = [f"{stream} at version {version}" for version in (20, 30)]
    assert sampled == Sampled(looked_at=5, events=20 + 50, drifted=named)
    assert aside() == [20, 30]


@pytest.mark.parametrize("lost", [10, 20])
def test_a_version_whose_snapshot_is_of_another_history_is_not_compared_with_a_lower(
    world: World, lost: int
) -> None:
    stream = built(world, 30)
    rewrite(stream, 30, '{"quantity":1}')
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE eventstore_snapshot SET event_id = gen_random_uuid() WHERE version = %s",
            [lost],
        )

    sampled = looked(world, 30)

    assert (sampled.looked_at, sampled.drifted) == (2, [f"{stream} at version 30"])
    assert aside() == [30]


def test_where_a_history_breaks_off_the_first_that_was_not_compared_is_named(
    world: World,
) -> None:
    stream = built(world, 20, 20)
    rewrite(stream, 10, '{"quantity":1}')
    with connection.cursor() as cursor:
        cursor.execute(
            f"{WITHOUT_TRIGGERS}UPDATE eventstore_record SET value = replace(convert_from(value, 'UTF8'), 'OrderChanged', 'OrderStrange')::bytea"  # noqa: S608
            " WHERE convert_from(value, 'UTF8') NOT LIKE '%OrderPlaced%'"
        )

    sampled = looked(world, 10)

    assert (sampled.looked_at, sampled.drifted) == (2, [f"{stream} at version 10"])
    assert sampled.unreadable == [f"{stream} at version 30"]


def test_one_that_this_store_has_not_signed_is_noted_for_the_builders(
    world: World,
) -> None:
    stream = built(world, 20)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventstore_snapshot SET mac = '' WHERE version = 20")

    sampled = looked(world, 20)

    assert sampled == Sampled(refused=[f"{stream} at version 20"])
    assert [(row.stream_id, row.error) for row in SnapshotFailure.objects.all()] == [
        (stream, NOT_OURS)
    ]
    assert aside() == []


def test_a_state_that_could_not_be_kept_today_is_told_and_has_not_drifted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = built(world, 20)

    def refused(name: str, _state: object) -> bytes:
        raise StateNotStorable(name, "$.quantity", "it is too large today")

    monkeypatch.setattr(sampling, "encoded", refused)

    sampled = looked(world, 10)

    assert sampled == Sampled(events=10, unreadable=[f"{stream} at version 10"])
    assert aside() == []


@pytest.mark.parametrize(
    "kind",
    [
        "ReadingOrder",  # a replay meets marks
        "ForgettingOrder",  # a replay passes them by, and nobody can open the snapshot
    ],
)
def test_one_of_a_subject_that_was_erased_is_not_compared_and_has_not_drifted(
    stores: Stores, kind: str
) -> None:
    (topic,) = stores("embedded").topics.numbers
    stream_type = topic.partition(".")[2]
    world = World(stores("embedded", AGGREGATES=[f"tests.shops.{kind}_{stream_type}"]))
    who = f"c-{uuid4().hex[:8]}"
    placed = NewEvent(OrderPlaced(customer_id=who, remark="a remark"))
    changes = [NewEvent(OrderChanged(quantity=1))] * 19
    world.store.append(f"{stream_type}.a", [placed, *changes], Expected.NO_STREAM)
    assert world.snapshotter().build_due().snapshots == 2
    keys_of_this_process().erase(who, request="r-1")

    assert looked(world, 10) == Sampled(events=10)
    assert aside() == []
