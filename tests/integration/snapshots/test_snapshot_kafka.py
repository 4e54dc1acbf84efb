"""Snapshots on real brokers: built, filled in, and what comes of them when a topic or a broker goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from kafka import KafkaAdminClient

from eventstore.errors import LogMisconfigured, SnapshotNotWritten
from eventstore.snapshots.topics import create, snapshot_topics
from tests.plugins.kafka_logs import until
from tests.support.snapshotting import World

if TYPE_CHECKING:
    from scripts.launcher.broker import Cluster
    from tests.plugins.stores import Stores

pytestmark = pytest.mark.kafka


def world_on(stores: Stores, bootstrap: str, **settings: object) -> World:
    """A store on a broker, with the topics of its snapshots."""
    world = World(stores("kafka", bootstrap, **settings))
    create_topics(world)
    return world


def create_topics(world: World) -> None:
    """What `create_topics` does."""
    log = world.store.make_log()
    try:
        create(snapshot_topics(), log)
    finally:
        log.close()


def test_snapshots_are_built_once_and_filled_in_from_the_topic(
    stores: Stores, kafka_bootstrap: str
) -> None:
    world = world_on(stores, kafka_bootstrap)
    streams = [world.stream(name, 25) for name in "abc"]

    built = world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_snapshot")
    filled = world.filler().once()

    assert (built.snapshots, filled) == (6, 6)
    assert [world.versions(stream) for stream in streams] == [[10, 20]] * 3
    assert world.snapshotter().sample(20).drifted == []
    assert len(world.in_topic()) == 6


def test_losing_the_topic_costs_nothing_and_a_new_one_is_read_from_its_beginning(
    stores: Stores, kafka_bootstrap: str
) -> None:
    world = world_on(stores, kafka_bootstrap)
    stream = world.stream("a", 20)
    world.snapshotter().build_due()
    world.filler().once()
    (topic,) = snapshot_topics().numbers
    admin, log = (
        KafkaAdminClient(bootstrap_servers=kafka_bootstrap),
        world.store.make_log(),
    )
    admin.delete_topics([topic])
    until(lambda: not log.topics([topic]))
    admin.close()
    log.close()

    world.stream("a", 15)
    assert world.snapshots.newest(stream) is not None
    with pytest.raises(SnapshotNotWritten):
        world.snapshotter().build_due()
    with pytest.raises(LogMisconfigured):
        world.filler().once()
    create_topics(world)
    world.snapshotter().build_due()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventstore_snapshot WHERE version = 30")

    assert world.filler().once() == 1
    assert world.versions(stream) == [10, 20, 30]


def test_a_broker_that_is_gone_has_the_snapshots_built_when_it_is_back(
    stores: Stores, broker: Cluster
) -> None:
    world = world_on(stores, broker.bootstrap, APPEND_TIMEOUT=2.0)
    stream = world.stream("a", 20)
    broker.kill(1)

    with pytest.raises(SnapshotNotWritten):
        world.snapshotter().build_due()
    assert world.snapshots.newest(stream) is None
    assert len(list(world.store.read(stream))) == 20
    broker.restart(1)

    assert world.snapshotter().build_due().snapshots == 2
    assert world.versions(stream) == [10, 20]
