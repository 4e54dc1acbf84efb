"""What a log lost, or a topic's changed settings, is found by processes that were running already, and refused."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from eventstore.errors import EventStoreError, LogMisconfigured, LogTruncated
from eventstore.indexer.mirror import Mirror
from tests.support.clocks import MovableClock
from tests.support.worlds import World, changed, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer

    Change = Callable[[World, Place], None]

A_MINUTE = 61.0


def _created_again(world: World, _place: Place) -> None:
    world.query(
        "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid() RETURNING 1"
    )


def _added_a_partition(world: World, _place: Place) -> None:
    world.query("UPDATE eventstore_logtopic SET partitions = 4 RETURNING 1")


def _lost_its_beginning(world: World, place: Place) -> None:
    world.cut_log_before(place, 1)


CHANGES = [
    (_created_again, LogMisconfigured, "created again"),
    (_added_a_partition, LogMisconfigured, "it has 4 partitions"),
    (_lost_its_beginning, LogTruncated, "folded up to offset 2, but it now holds offsets 1 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "refusal", "told"), CHANGES)
def test_a_running_appender_finds_it_within_a_minute_and_writes_nothing(
    world: World, change: Change, refusal: type[EventStoreError], told: str
) -> None:
    clock, stream = MovableClock(), world.stream()
    here, place = world.store(clock=clock), world.place(stream)
    for n in range(2):
        here.append(stream, [changed()], n)
    change(world, place)

    clock.ahead += A_MINUTE
    with pytest.raises(refusal, match=told) as refused:
        here.append(stream, [changed()], 2)

    assert place.topic in str(refused.value)
    assert world.end(place) == 2
    assert versions(here, stream) == [1, 2]


@pytest.mark.parametrize(("change", "refusal", "told"), CHANGES)
def test_a_running_mirror_finds_it_within_a_minute(
    world: World, change: Change, refusal: type[EventStoreError], told: str
) -> None:
    clock, stream = MovableClock(), world.stream()
    store = world.store(clock=clock)
    for n in range(2):
        world.store().append(stream, [changed()], n)
    mirror = Mirror(store.make_indexer, threading.Event())
    with store.indexer() as indexer:
        mirror.round(indexer)
        change(world, world.place(stream))
        mirror.round(indexer)

        clock.ahead += A_MINUTE
        said = _said_in_a_round(mirror, indexer)

    assert told in said
    assert "docs/OPERATIONS.md" in said or "TEDDY_PARTITIONS" in said


def _said_in_a_round(mirror: Mirror, indexer: Indexer) -> str:
    try:
        mirror.round(indexer)
    except LogMisconfigured as error:
        return str(error)
    return " ".join(mirror.stopped.values())


def test_what_is_put_right_is_found_by_those_who_refused(world: World) -> None:
    clock, stream = MovableClock(), world.stream()
    here = world.store(clock=clock)
    here.append(stream, [changed()], 0)
    _added_a_partition(world, world.place(stream))
    clock.ahead += A_MINUTE
    with pytest.raises(LogMisconfigured):
        here.append(stream, [changed()], 1)

    world.query("UPDATE eventstore_logtopic SET partitions = 3 RETURNING 1")

    assert here.append(stream, [changed()], 1).first_version == 2


def test_sound_topics_are_looked_at_once_a_minute(world: World) -> None:
    clock, stream = MovableClock(), world.stream()
    here = world.store(clock=clock)
    here.append(stream, [changed()], 0)
    _added_a_partition(world, world.place(stream))

    assert here.append(stream, [changed()], 1).first_version == 2
