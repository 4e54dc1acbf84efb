"""The fold when database or log do not behave: nothing is lost, nothing is guessed, and it goes on by itself."""

from __future__ import annotations

import re
from io import StringIO
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.core.management import call_command

from eventstore.database import connect
from eventstore.errors import (
    AppendOutcomeUnknown,
    LogMisconfigured,
    LogTruncated,
    LogUnavailable,
)
from eventstore.events import Expected
from eventstore.testing.faulty_log import Network
from tests.plugins.kafka_logs import until
from tests.support.connections import Line
from tests.support.worlds import FaultyStore, World, changed, versions

if TYPE_CHECKING:
    from tests.support.clocks import Hourglass

# ---- the database


def test_a_process_that_stood_still_inside_its_fold_takes_it_up_again(
    audited: World,
) -> None:
    line = Line(idle_limit_ms=100)
    here, stream = audited.store(line=line.connect), audited.stream()
    here.append(stream, [changed()], 0)
    line.after_look_up = line.stand_still

    result = here.append(stream, [changed()], 1, commit_id=uuid4())

    assert result.first_version == 2
    assert here.append(stream, [changed()], 2).first_version == 3


def test_without_a_database_nothing_is_written_and_it_is_said(audited: World) -> None:
    line = Line(cut=True)
    here, stream = audited.store(line=line.connect), audited.stream()

    with pytest.raises(LogUnavailable):
        here.append(stream, [changed()], 0, timeout_s=0.3)

    assert audited.end(audited.place(stream)) == 0


def test_a_database_that_comes_back_in_time_costs_the_caller_nothing(
    audited: World,
) -> None:
    line = Line(cut=True)
    here, stream = audited.store(line=line.connect), audited.stream()

    future = here.submit(stream, [changed()], 0)
    until(lambda: line.refused > 1)
    line.cut = False

    assert future.result(120).first_version == 1


def test_a_database_that_goes_behind_the_produce_leaves_the_outcome_unknown(
    audited: World, hourglass: Hourglass, there: FaultyStore
) -> None:
    line, stream, commit = Line(), audited.stream(), uuid4()
    here = audited.store(line=line.connect, network=hourglass, clock=hourglass.clock)
    here.append(stream, [changed()], 0)
    hourglass.after_write = line.cut_now
    hourglass.time_is_up_after(1)

    with pytest.raises(AppendOutcomeUnknown):
        here.append(stream, [changed()], 1, commit_id=commit, timeout_s=30)

    assert there.append(stream, [changed()], 1, commit_id=commit).first_version == 2


def test_every_connection_that_an_administrator_ends_is_opened_anew(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    for n in range(5):
        here.append(stream, [changed()], n)
        audited.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            "   AND application_name = 'teddy-es fold'"
        )

    assert versions(here, stream) == [1, 2, 3, 4, 5]


# ---- a log that shows too little


@pytest.mark.parametrize("hidden", [1, 2])
def test_an_old_end_that_is_seen_once_is_no_alarm_wherever_it_lies(
    audited: World, here: FaultyStore, hidden: int
) -> None:
    stream, other = audited.stream(), audited.store(network=Network())
    other.append(stream, [changed()], 0)
    other.append(stream, [changed()], 1)
    audited.network.old_ends, audited.network.hidden = 1, hidden

    result = here.append(stream, [changed()], 2)

    assert result.first_version == 3


def test_while_only_old_ends_are_shown_nothing_is_written(
    world: World,
) -> None:
    here, stream = world.store(), world.stream()
    world.store(network=Network()).append(stream, [changed()], 0)
    world.network.old_ends, world.network.hidden = 1_000_000, 1

    with pytest.raises(LogTruncated):
        here.append(stream, [changed()], 1)

    assert world.end(world.place(stream)) == 1


def test_an_acknowledged_record_that_is_not_shown_yet_is_waited_for(
    audited: World, there: FaultyStore
) -> None:
    here, stream = audited.store(), audited.stream()
    here.append(stream, [changed()], 0)
    there.append(stream, [changed()], 1)

    def hide() -> None:
        audited.network.old_ends, audited.network.hidden = 1, 2

    audited.network.after_write = hide

    result = here.append(stream, [changed()], Expected.ANY)

    assert result.first_version == 3


# ---- refused loudly


def test_a_log_that_is_shorter_than_the_cursor_is_refused_with_offsets_and_way_out(
    world: World,
) -> None:
    here, stream = world.store(), world.stream()
    place = world.place(stream)
    for n in range(3):
        here.append(stream, [changed()], n)
    world.replace_log(place, [])

    for attempt in (world.store(), world.store()):
        with pytest.raises(LogTruncated) as lost:
            attempt.append(stream, [changed()], 3)
        assert str(place) in str(lost.value)
        assert "folded up to offset 3, but it now holds offsets 0 to -1" in str(
            lost.value
        )
        assert "docs/OPERATIONS.md" in str(lost.value)
    assert world.end(place) == 0


def test_a_log_that_shrank_under_a_process_that_only_reads_it_is_noticed(
    world: World,
) -> None:
    here, stream = world.store(), world.stream()
    here.append(stream, [changed()], 0)
    world.replace_log(world.place(stream), [])

    with pytest.raises(LogTruncated):
        world.fold(here)


def test_a_log_whose_start_lies_after_the_cursor_is_refused(world: World) -> None:
    here, stream = world.store(), world.stream()
    place = world.place(stream)
    for n in range(3):
        here.append(stream, [changed()], n)
    world.lose_folds(place, 1)
    world.cut_log_before(place, 2)

    with pytest.raises(LogTruncated) as lost:
        world.store().append(stream, [changed()], 1)

    assert lost.value.found == "it now holds offsets 2 to 2"
    assert world.end(place) == 3


@pytest.mark.parametrize(
    ("change", "told", "remedy"),
    [
        (
            "UPDATE eventstore_logtopic SET topic_id = gen_random_uuid()",
            "created again",
            "See docs/OPERATIONS.md, 'The log lost something'.",
        ),
        (
            "UPDATE eventstore_logtopic SET partitions = 4",
            "it has 4 partitions",
            "Set TEDDY_PARTITIONS",
        ),
        (
            "DELETE FROM eventstore_partition",
            "no rows",
            "create_topics`; if the mirror",
        ),
        (
            "DELETE FROM eventstore_partition WHERE partition = 2",
            "2 rows for 3",
            "`manage.py create_topics`, which adds them, then `manage.py rebuild_index`.",
        ),
        ("DELETE FROM eventstore_logtopic", "does not exist", "create_topics`."),
    ],
)
def test_a_topic_that_is_not_as_it_was_is_refused_and_the_way_out_is_named(
    world: World, change: str, told: str, remedy: str
) -> None:
    stream = world.stream()
    place = world.place(stream)
    world.store().append(stream, [changed()], 0)
    world.query(f"{change} RETURNING 1")

    with pytest.raises(LogMisconfigured) as refused:
        world.store().append(stream, [changed()], 1)

    assert refused.value.topic == place.topic
    assert told in refused.value.problem
    assert remedy in refused.value.remedy
    assert world.query("SELECT count(*) FROM eventstore_logrecord") == [(1,)]


@pytest.mark.parametrize("lost", ["partition = 0", "partition > 0"])
def test_who_does_what_the_refusal_says_appends_again(
    audited: World, lost: str
) -> None:
    stream = audited.stream()
    audited.store().append(stream, [changed()], 0)
    audited.query(f"DELETE FROM eventstore_partition WHERE {lost} RETURNING 1")  # noqa: S608
    with pytest.raises(LogMisconfigured) as refused:
        audited.store().append(stream, [changed()], 1)

    do_what_it_says(refused.value)

    assert audited.store().append(stream, [changed()], 1).first_version == 2


def do_what_it_says(error: Exception) -> None:
    """Run the commands that a refusal names, in their order."""
    commands = re.findall(r"`manage\.py (\w+)`", str(error))
    assert commands
    for command in commands:
        call_command(command, stdout=StringIO())


def test_a_row_that_somebody_holds_keeps_no_other_place_of_its_turn_waiting(
    audited: World,
) -> None:
    here = audited.store()
    slow, quick = audited.stream(0), audited.stream(1)
    for stream in (slow, quick):
        here.append(stream, [changed()], 0)
    with connect() as holder, holder.transaction():
        holder.execute(
            "SELECT 1 FROM eventstore_partition WHERE id = %s FOR UPDATE",
            [audited.topics.partition_id(audited.place(slow))],
        )
        together = Event()
        here._appender.call(lambda _indexer: together.wait(120))
        futures = [here.submit(s, [changed()], 1) for s in (slow, quick)]
        together.set()
        assert futures[1].result(120).first_version == 2
        assert not futures[0].done()

    assert futures[0].result(120).first_version == 2
