"""Topic, rows and setting have one number of partitions, or nothing is written; without rows the records say which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eventstore.clock import SystemClock
from eventstore.errors import LogMisconfigured
from eventstore.log import topics as topics_room
from eventstore.log.partitioning import refuse_another_count
from eventstore.upkeep.rebuild import refuse_a_shortened_log
from eventstore.upkeep.verifier.verify import Verifier
from tests.support.worlds import World, changed

if TYPE_CHECKING:
    from eventstore.log.topics import Topics

ROWS = "SELECT partition, partitions FROM eventstore_partition ORDER BY id"


@pytest.fixture
def altered(world: World) -> Topics:
    """Somebody has added two partitions to the topic, and has set the new number."""
    store = world.store()
    for n in range(8):
        store.append(world.stream(n % 3, n // 3), [changed()], 0)
    world.query("UPDATE eventstore_logtopic SET partitions = 5 RETURNING 1")
    world.query(
        """
        INSERT INTO eventstore_logtail (topic, partition, next_offset)
        SELECT topic, n, 0 FROM generate_series(3, 4) n, (SELECT DISTINCT topic FROM eventstore_logtail) t RETURNING 1
        """
    )
    return replace(world.topics, partitions=5)


def test_create_topics_writes_nothing_and_says_which_number_it_was(
    world: World, altered: Topics
) -> None:
    before = world.query(ROWS)

    with world.store().indexer() as indexer, pytest.raises(LogMisconfigured) as refused:
        topics_room.create(altered, indexer.log, indexer.connection())

    assert "made with 3 partitions, TEDDY_PARTITIONS says 5" in refused.value.problem
    assert "TEDDY_PARTITIONS=3" in refused.value.remedy
    assert world.query(ROWS) == before


def test_a_running_process_refuses_it_before_it_writes(
    world: World, altered: Topics
) -> None:
    world.topics = altered
    store = world.store()

    with pytest.raises(LogMisconfigured, match="made with 3 partitions"):
        store.append(world.stream(), [changed()], "any")

    assert world.query("SELECT count(*) FROM eventstore_logrecord") == [(8,)]


def test_a_new_database_believes_the_records_and_not_the_setting(
    world: World, altered: Topics
) -> None:
    world.query("DELETE FROM eventstore_partition RETURNING 1")

    with world.store().indexer() as indexer, pytest.raises(LogMisconfigured) as refused:
        topics_room.create(altered, indexer.log, indexer.connection())

    assert "written with 3 partitions" in refused.value.problem
    assert world.query(ROWS) == []


def test_rows_that_were_made_with_the_wrong_number_are_not_rebuilt_from(
    world: World, altered: Topics
) -> None:
    world.query("DELETE FROM eventstore_partition RETURNING 1")
    with world.store().indexer() as indexer:
        connection = indexer.connection()
        for name, number in altered.numbers.items():
            [topic] = indexer.log.topics([name]).values()
            given = {"number": number, "topic": name, "partitions": 5}
            connection.execute(
                topics_room._REGISTER,
                given | {"topic_id": topic.id, "generation": topic.id},
            )
    world.topics = altered

    with (
        world.store().indexer() as indexer,
        pytest.raises(LogMisconfigured, match="written with 3 partitions"),
    ):
        refuse_a_shortened_log(indexer)


def test_verify_says_that_a_log_was_folded_with_the_wrong_number(
    world: World, altered: Topics
) -> None:
    store = world.store()
    with store.indexer() as indexer:
        verifier = Verifier(
            altered, indexer.log, indexer.connection(), now=SystemClock().now()
        )
        found = verifier.run(altered.places, progress=lambda *_: None)

    [topic] = altered.numbers
    assert any(
        one.position == topic and "written with 3 partitions" in one.what
        for one in found.differences
    )


@pytest.mark.parametrize("max_bytes", [1, 1_000, 1_000_000])
def test_however_little_is_read_the_right_number_is_believed(
    world: World, max_bytes: int
) -> None:
    store = world.store()
    for n in range(8):
        store.append(world.stream(n % 3, n // 3), [changed()], 0)

    with store.indexer() as indexer:
        for topic in world.topics.numbers:
            refuse_another_count(indexer.log, topic, 3, max_bytes=max_bytes)
