"""A builder's process is killed at each of its steps: nothing wrong is left, loads are right at once, the next one builds."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from eventstore.repository import AggregateRepository
from eventstore.snapshots import snapshot_store
from tests.plugins.kafka_logs import until
from tests.support.killed_builders import BEHIND_THE_CURSOR, NEXT
from tests.support.processes import a_process
from tests.support.snapshotting import World, with_topics

if TYPE_CHECKING:
    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

EVENTS = 25
# place → of which versions table and topic then have a snapshot
LEFT = {
    place: ([10, 20], 2) if "committed" in place else ([], 0) for place in NEXT
} | dict.fromkeys(
    ("behind 4, the topic has it", "in 5, behind the rows", BEHIND_THE_CURSOR), ([], 2)
)


@pytest.fixture
def world(store: EventStore) -> World:
    return with_topics(store)


def loads_are_right(world: World, name: str) -> None:
    """Every version of the stream is what a replay of its events gives, by whatever snapshots there are."""
    orders = AggregateRepository(
        world.order, world.store, snapshots=snapshot_store(world.order), cache=0
    )
    replays = AggregateRepository(world.order, world.store, cache=0)
    for version in range(1, EVENTS + 1):
        loaded = orders.load(name, version=version)
        assert loaded.state == replays.load(name, version=version).state


@pytest.mark.parametrize("place", LEFT)
def test_a_builder_that_is_killed_leaves_nothing_wrong_and_the_next_one_builds(
    world: World, place: str
) -> None:
    stream = world.stream("a", EVENTS)

    with a_process("build_and_be_killed", at=place) as process:
        assert process.wait(timeout=120) == -signal.SIGKILL

    assert (world.versions(stream), len(world.in_topic())) == LEFT[place]
    loads_are_right(world, "a")

    def built() -> bool:
        """The server may need a moment to see that the dead one's session is gone, and its row free."""
        world.snapshotter().build_due()
        return world.versions(stream) == [10, 20]

    until(built)
    loads_are_right(world, "a")
    assert world.snapshotter().build_due().snapshots == 0
    assert world.snapshotter().sample(10).drifted == []
    assert world.filler().once() == 0
    assert world.versions(stream) == [10, 20]
    # at the worst twice in the topic, never twice in the table
    assert len(world.in_topic()) == (4 if LEFT[place] == ([], 2) else 2)
    with world.builder() as builder:
        assert builder.lagging() == []


@pytest.mark.parametrize(
    "place", ["behind 4, the topic has it", "in 5, behind the rows", BEHIND_THE_CURSOR]
)
def test_what_only_the_topic_has_is_put_in_by_the_mirror_without_any_builder(
    world: World, place: str
) -> None:
    stream = world.stream("a", EVENTS)
    with a_process("build_and_be_killed", at=place) as process:
        assert process.wait(timeout=120) == -signal.SIGKILL

    until(lambda: world.filler().once() == 2 or world.versions(stream) == [10, 20])

    loads_are_right(world, "a")
    assert world.versions(stream) == [10, 20]
    assert len(world.in_topic()) == 2
