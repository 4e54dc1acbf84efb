"""A call that builds, samples or begins again, at its borders: when it ends, what it tells, in which order, by which chance."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.errors import SnapshotNotWritten
from eventstore.metrics import SNAPSHOT_GARBAGE
from eventstore.models import Snapshot as Row
from eventstore.snapshots.builder import run, statements
from eventstore.snapshots.builder.places import partitions_of
from eventstore.snapshots.builder.run import Snapshotter
from eventstore.snapshots.signing import Signer
from eventstore.testing.faulty_log import ANSWER_LOST, Network
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from collections.abc import MutableSequence
    from datetime import datetime

    from eventstore.snapshots.builder.building import Built
    from eventstore.store import EventStore


@pytest.fixture
def world(embedded_store: EventStore) -> World:
    """On the embedded log."""
    return World(embedded_store)


def by_chance(world: World, chance: Random | None = None, **more: Any) -> Snapshotter:
    """What a worker process runs, by another chance."""
    first = Random(1)  # noqa: S311  (repeatable)
    return Snapshotter(world.store, SystemClock(), chance or first, **more)


# ---- when a call ends


class Still:
    """A clock that stands still."""

    def now(self) -> datetime:
        """See `Clock`."""
        return SystemClock().now()

    def monotonic(self) -> float:
        """See `Clock`."""
        return 0.0


def test_when_its_time_is_up_to_the_moment_a_call_begins_nothing_more(
    world: World,
) -> None:
    stream = world.stream("a", 10)

    built = world.snapshotter(clock=Still()).build_due(seconds=0)

    assert (built.more, world.versions(stream)) == (True, [])


def test_who_is_stopped_begins_nothing_more(world: World) -> None:
    stream = world.stream("a", 10)

    built = world.snapshotter().build_due(stopped=lambda: True)

    assert (built.more, world.versions(stream)) == (True, [])


def test_two_partitions_whose_topic_does_not_answer_end_a_call(world: World) -> None:
    world.streams_everywhere(1, 10)
    assert world.store.topics.partitions == 3
    network = Network()
    network.then(*[ANSWER_LOST] * 3)

    with pytest.raises(SnapshotNotWritten):
        world.snapshotter(network).build_due()

    assert len(world.in_topic()) == 2


def test_what_a_call_did_is_told_as_it_is_done(world: World) -> None:
    world.streams_everywhere(1, 10)
    told: list[Built] = []

    built = world.snapshotter().build_due(progress=told.append)

    assert [one.snapshots for one in told if one.snapshots] == [1, 1, 1]
    assert sum(one.snapshots for one in told) == built.snapshots
    assert not built.more


def test_what_another_builder_is_at_is_left_to_it(world: World) -> None:
    world.stream("a", 10)

    with world.builder() as builder, connect() as other:
        (partition,) = builder.lagging()
        key = builder._key | {"partition": partition}
        other.execute(statements.REGISTER, key)
        with other.transaction():
            other.execute(statements.TAKE, key)
            built = world.snapshotter().build_due()

    assert (built.snapshots, built.problems) == (0, [])


def test_a_builder_writes_to_the_log_that_it_was_given_or_to_the_stores(
    world: World,
) -> None:
    stream = world.stream("a", 20)
    made: list[Any] = []

    def make_log() -> Any:
        made.append(world.store.make_log())
        return made[-1]

    by_chance(world).build_due()
    assert world.versions(stream) == [10, 20]

    by_chance(world, make_log=make_log).build_due()
    assert len(made) == 1


class InTurn(Random):
    """Chance that leaves things as they are, or turns them round."""

    def __init__(self, *, back: bool) -> None:
        super().__init__(1)
        self._back = back

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """See `Random`."""
        if self._back:
            x.reverse()


def test_which_partition_has_its_turn_first_is_left_to_chance(world: World) -> None:
    """So that calls of little time starve none."""
    streams = world.streams_everywhere(1, 10)
    first = set()
    for back in (False, True):
        Row.objects.all().delete()
        world.snapshotter().start_again()
        build_one(by_chance(world, InTurn(back=back)))
        first |= {stream for stream in streams if world.versions(stream)}

    assert len(first) == 2


def build_one(snapshotter: Snapshotter) -> None:
    """Until a snapshot is built."""
    done: list[Built] = []
    snapshotter.build_due(
        progress=done.append, stopped=lambda: any(one.snapshots for one in done)
    )


# ---- a sample


class Weighed(Random):
    """Chance that notes how much each span weighs."""

    def __init__(self) -> None:
        super().__init__(1)
        self.weights: list[int] = []

    def choices(self, population: Any, weights: Any = None, **more: Any) -> list[Any]:
        """See `Random`."""
        self.weights = list(weights)
        return super().choices(population, weights, **more)


def test_a_partition_weighs_as_much_as_its_events_take(world: World) -> None:
    first, second, _ = world.streams_everywhere(1, 10)
    for _ in range(2):
        world.stream(second.partition(".")[2], 10)
    assert first != second
    world.snapshotter().build_due()
    chance = Weighed()

    by_chance(world, chance).sample(1)

    one, *more = sorted(chance.weights)
    assert more == [one, 3 * one]


def test_partitions_without_an_event_are_no_places_for_a_sample(world: World) -> None:
    with world.builder() as builder:
        for partition in partitions_of(world.order, world.store.topics):
            builder.build(partition)

    assert world.snapshotter().sample(5).looked_at == 0


class Vanishing(Random):
    """What it chooses is gone when it is looked at."""

    def choice(self, seq: Any) -> Any:
        """See `Random`."""
        Row.objects.all().delete()
        return seq[0]


def test_a_snapshot_that_vanishes_meanwhile_is_not_looked_at(world: World) -> None:
    world.stream("a", 10)
    world.snapshotter().build_due()

    chance = Vanishing(1)
    sampled = by_chance(world, chance).sample(1)

    assert (sampled.looked_at, sampled.refused, sampled.unreadable) == (0, [], [])


# ---- to begin again


def test_what_is_not_ours_is_counted_told_and_taken_out_and_the_rest_stays(
    world: World,
) -> None:
    stream = world.stream("a", 30)
    world.snapshotter().build_due()
    foreign = Signer([b"another"]).mac(b"something")
    assert Row.objects.filter(version__lt=30).update(mac=foreign) == 2
    garbage = SNAPSHOT_GARBAGE.labels("not_ours")._value
    before = garbage.get()

    with capture_logs() as said:
        reviewed = world.snapshotter().start_again()

    assert (reviewed.looked_at, reviewed.removed, reviewed.signed_anew) == (3, 2, 0)
    assert world.versions(stream) == [30]
    assert garbage.get() - before == 2
    refused = [line for line in said if line["action"] == "snapshot-refused"]
    assert [(line["stream"], line["version"]) for line in refused] == [
        (stream, 10),
        (stream, 20),
    ]


def test_where_one_of_several_classes_reads_what_is_sealed_all_keys_are_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = type("Order", (world.order,), {"reads_sealed": True})
    asked: list[str] = []

    def opener() -> Any:
        asked.append("an opener")

    for classes, times in (([world.order], 0), ([world.order, reads], 1)):
        given = dict(enumerate(classes))
        monkeypatch.setattr(run, "aggregates", lambda given=given: given)
        by_chance(world, opener=opener).start_again()

        assert len(asked) == times
