"""Rules 6 to 10: one transaction folds one partition, on a view that is true or is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from django.db import transaction

from eventstore import metrics
from eventstore.database import connect
from eventstore.errors import LogTruncated, MirrorDiverged, WrongExpectedVersion
from eventstore.events import Expected, pack
from eventstore.indexer.flush import MANY
from eventstore.testing.faulty_log import THRICE, TWICE, Network
from tests.support.connections import Line, committing
from tests.support.worlds import FaultyStore, World, changed, record, versions

if TYPE_CHECKING:
    from eventstore.indexer.indexer import Indexer

# ---- rule 6: the cursor is moved first, and raises where it stands elsewhere


def test_a_view_that_is_newer_than_the_database_writes_nothing_and_folds_again(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    place = audited.place(stream)
    here.append(stream, [changed()], 0)
    here.append(stream, [changed()], 1)

    audited.lose_folds(place, 0)
    result = here.append(stream, [changed()], 2)

    assert result.first_version == 3
    assert audited.cursor(place) == 3
    assert audited.verdicts(place) == ["accepted"] * 3


@pytest.mark.parametrize("before", [0, MANY])  # a stretch that goes out by COPY
@pytest.mark.parametrize("is_looked_up", [True, False])
def test_a_row_that_stands_where_the_fold_wants_to_write_stops_it_and_nothing_moves(
    world: World, before: int, *, is_looked_up: bool
) -> None:
    here, stream = world.store(), world.stream()
    place = world.place(stream)
    here.append(stream, [changed()], 0)
    for _ in range(before):
        value = record(stream) if is_looked_up else b"malformed"
        world.foreign(place, value, stream.encode())
    planted = pack(world.topics.numbers[place.topic], place.partition, 1 + before)
    world.query(
        "INSERT INTO eventstore_record (position, recorded_at, verdict, hash)"
        " VALUES (%s, now(), 5, '') RETURNING 1",
        planted,
    )
    world.foreign(place, record(stream) if is_looked_up else b"x", stream.encode())

    with pytest.raises(MirrorDiverged) as diverged:
        world.fold(here)

    assert (diverged.value.topic, diverged.value.offset) == (place.topic, 1)
    assert world.cursor(place) == 1
    assert versions(here, stream) == [1]


def test_a_stretch_that_goes_out_by_copy_is_written_whole(audited: World) -> None:
    old, new = audited.stream(0, 0), audited.stream(0, 1)
    audited.store().append(old, [changed()], 0)
    for _ in range(MANY // 2):
        for stream in (old, new):
            audited.foreign(audited.place(stream), record(stream), stream.encode())

    there = audited.store()
    audited.fold(there)

    heads = [len(versions(there, stream)) for stream in (old, new)]
    assert heads == [MANY // 2 + 1, MANY // 2]
    assert there.append(old, [changed()], heads[0]).first_version == heads[0] + 1


def test_of_two_that_fold_the_same_stretch_one_wins_and_the_other_finds_its_rows(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)
    here.append(stream, [changed()], 1)
    audited.fold(there)
    before = _races()
    audited.network.after_write = lambda: audited.fold(there)

    result = here.append(stream, [changed()], 2)

    assert result.first_version == 3
    assert _races() == before + 1


def test_who_finds_others_records_before_its_own_takes_turns_and_loses_no_fold(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    ours, theirs = audited.stream(0, 0), audited.stream(0, 1)
    here.append(ours, [changed()], 0)
    there.append(theirs, [changed()], 0)
    before = _races()

    for version in range(1, 4):
        here.append(ours, [changed()], version)
        there.append(theirs, [changed()], version)
    conflict = here.append(theirs, [changed()], 4)

    assert conflict.first_version == 5
    assert _races() == before


def test_a_view_that_followed_knows_what_others_folded_of_its_own(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    ours, theirs = audited.stream(0, 0), audited.stream(0, 1)
    commit = uuid4()
    here.append(ours, [changed()], 0)
    there.append(ours, [changed()], 1, commit_id=commit)
    there.append(theirs, [changed()], 0)

    here.append(ours, [changed()], 2)  # follows
    again = here.append(ours, [changed()], 1, commit_id=commit)

    assert (again.first_version, again.replayed) == (2, True)
    assert versions(here, ours) == [1, 2, 3]


# ---- rule 7: the log's commits are durable, the fold's need not be, and each says so itself


@pytest.mark.parametrize("inherited", ["on", "off"])
def test_the_fold_commits_asynchronously_and_the_log_durably_whatever_they_inherit(
    audited: World, inherited: str
) -> None:
    fold, log = Line(setting=inherited), Line(setting=inherited)
    here = audited.store(line=fold.connect, log_line=log.connect)

    with committing("eventstore_logrecord") as settings:
        here.append(audited.stream(), [changed()], 0)

    assert fold.commits == ["off"]
    assert settings == ["on"]


# ---- rule 8: a view is true or dropped


def test_a_lost_race_drops_the_heads_of_streams_that_it_did_not_name(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    one, other = audited.stream(0, 0), audited.stream(0, 1)
    here.append(one, [changed()], 0)
    here.append(other, [changed()], 0)
    there.append(other, [changed()], 1)

    here.append(one, [changed()], 1)
    result = here.append(other, [changed()], 2)

    assert result.first_version == 3


def test_a_stream_that_the_crash_took_away_has_no_head_any_more(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    one, other = audited.stream(0, 0), audited.stream(0, 1)
    here.append(one, [changed()], 0)
    here.append(other, [changed()], 0)

    audited.lose_folds(audited.place(one), 0)
    audited.fold(there)
    result = here.append(other, [changed()], 1)

    assert result.first_version == 2


@pytest.mark.parametrize("fault", [TWICE, THRICE])
def test_an_own_id_is_not_fresh_when_another_folded_its_first_copy(
    audited: World, here: FaultyStore, there: FaultyStore, fault: object
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)
    audited.network.then(fault)  # type: ignore[arg-type]
    audited.network.between = lambda: audited.fold(there)

    result = here.append(stream, [changed()], Expected.ANY)

    assert (result.first_version, result.replayed) == (2, False)
    assert versions(here, stream) == [1, 2]


@pytest.mark.parametrize("expected", [1, "any", "stream_exists"])
def test_of_own_copies_that_nobody_else_folded_the_first_counts(
    audited: World, here: FaultyStore, expected: int | str
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)
    audited.network.then(THRICE)

    result = here.append(stream, [changed()], expected)

    assert result.first_version == 2
    assert result.positions[0].offset == 1
    assert audited.verdicts(audited.place(stream))[2:] == ["duplicate"] * 2


def test_a_given_commit_id_is_looked_up_though_the_view_does_not_know_it(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit, event = audited.stream(), uuid4(), uuid4()
    there.append(stream, [changed(1, event)], 0, commit_id=commit)
    here.append(stream, [changed()], 1)
    value = record(stream, commit_id=str(commit))
    audited.foreign(audited.place(stream), value, stream.encode())

    audited.fold(here)

    assert audited.verdicts(audited.place(stream)) == [
        "accepted",
        "accepted",
        "duplicate",
    ]


@pytest.mark.parametrize("trouble", ["commit_lost", "answer_lost"])
def test_an_unanswered_commit_is_neither_taken_for_done_nor_for_failed(
    audited: World, trouble: str
) -> None:
    line = Line()
    here, stream = audited.store(line=line.connect), audited.stream()
    here.append(stream, [changed()], 0)
    setattr(line, trouble, 1)

    result = here.append(stream, [changed(), changed()], 1)

    assert (result.first_version, result.last_version) == (2, 3)
    assert versions(here, stream) == [1, 2, 3]
    assert here.append(stream, [changed()], 3).first_version == 4


# ---- rule 9: connections of the fold's own, with limits


def test_what_the_caller_rolls_back_is_not_what_the_log_decided(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()

    with transaction.atomic():
        here.append(stream, [changed()], 0)
        transaction.set_rollback(True)

    assert versions(here, stream) == [1]


def test_the_callers_open_transaction_holds_nothing_that_others_need(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream = audited.stream()

    with transaction.atomic():
        here.append(stream, [changed()], 0)
        there.append(stream, [changed()], 1, timeout_s=120)

        assert versions(here, stream) == [1, 2]


def test_whoever_holds_a_row_for_too_long_loses_it() -> None:
    limits = (
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
    )

    with connect() as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in limits]

    assert shown == [("5s",), ("1min",), ("5s",)]


@pytest.mark.django_db
def test_no_foreign_key_points_at_the_folds_tables() -> None:
    tables = ["partition", "record", "stream", "event"]

    with connect() as connection:
        found = connection.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid::regclass::text = ANY(%s)",
            [[f"eventstore_{name}" for name in tables]],
        ).fetchall()

    assert found == []


# ---- rule 10: what a view is loaded by


def test_a_fresh_process_finds_that_the_record_before_the_cursor_is_another(
    world: World,
) -> None:
    here, stream = world.store(), world.stream()
    place = world.place(stream)
    here.append(stream, [changed()], 0)
    world.replace_log(place, [(stream.encode(), record(stream))])
    there = world.store()

    with pytest.raises(LogTruncated) as lost:
        there.append(stream, [changed()], 1)

    assert (lost.value.topic, lost.value.partition, lost.value.cursor) == (
        place.topic,
        place.partition,
        1,
    )
    assert world.end(place) == 1


def test_a_view_does_not_survive_a_rebuild_that_ends_at_its_cursor(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    here.append(stream, [changed()], 0)
    partition = audited.topics.partition_id(audited.place(stream))
    sql = "UPDATE eventstore_partition SET generation = %s WHERE id = %s RETURNING 1"
    audited.query(sql, uuid4(), partition)
    before = _races()

    result = here.append(stream, [changed()], 1)

    assert result.first_version == 2
    assert _races() == before + 1


def test_a_paused_process_that_holds_the_row_delays_others_and_loses_nothing(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    held = audited.hold_row(audited.place(stream))
    future = here.submit(stream, [changed()], 0, timeout_s=30)

    result = future.result(120)  # PostgreSQL ends the transaction that idles on the row

    assert result.first_version == 1
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        held.execute("SELECT 1")
    with pytest.raises(WrongExpectedVersion):
        audited.store(network=Network()).append(stream, [changed()], 0)


def _races() -> float:
    (metric,) = metrics.FOLD_RACES.collect()
    return next(s.value for s in metric.samples if s.name.endswith("_total"))


def test_a_head_is_learned_only_where_the_cursor_stands_as_the_view_has_it(
    audited: World,
) -> None:
    stream, other = audited.stream(), audited.stream(n=1)
    place = audited.place(stream)
    mine, rival = audited.store(), audited.store()
    mine.append(other, [changed()], 0)
    rival.append(stream, [changed()], 0)  # the cursor moves on without this view

    def learned(indexer: Indexer) -> tuple[int | None, int | None]:
        indexer.learn({(place, stream)})
        before = indexer.known_head(place, stream)
        indexer.forget(place)
        indexer.cursor(place)
        indexer.learn({(place, stream)})
        return before, indexer.known_head(place, stream)

    assert mine._appender.call(learned).result(120) == (None, 1)


def test_a_stream_that_is_new_to_a_process_is_not_looked_up_by_the_fold(
    audited: World,
) -> None:
    here = audited.store()
    here.append(audited.stream(n=1), [changed()], 0)
    looked_up: list[str] = []
    line = Line(after_look_up=lambda: looked_up.append("looked up"))
    other = audited.store(line=line.connect)

    for n in range(2, 6):
        other.append(audited.stream(n=n), [changed()], 0)

    assert looked_up == []
