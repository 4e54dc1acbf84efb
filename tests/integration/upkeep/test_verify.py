"""`verify` finds every planted difference, names its place and its column, and invents none."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.events import Place, pack
from eventstore.upkeep.verifier.findings import Difference, Findings
from eventstore.upkeep.verifier.verify import Verifier
from tests.support.worlds import World, changed, record

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def place(world: World) -> Place:
    """A partition of four records: two events, one event, a refusal, a malformed one. Two others hold one each."""
    here, stream = world.store(), world.stream()
    here.append(stream, [changed(), changed()], 0)
    here.append(stream, [changed()], 2)
    found = world.place(stream)
    world.foreign(found, record(stream, expected=1), stream.encode())
    world.foreign(found, b"no json")
    for partition in (1, 2):
        here.append(world.stream(partition), [changed()], 0)
    world.fold(here)
    return found


def verify(world: World, places: Sequence[Place] | None = None) -> Findings:
    """A verification of these partitions, or of all."""
    with connect() as connection:
        verifier = Verifier(
            world.topics, world.log, connection, now=SystemClock().now()
        )
        return verifier.run(
            world.topics.places if places is None else places,
            progress=lambda _place, _moved: None,
        )


def plant(world: World, sql: str, *params: object) -> None:
    """Change one row behind the fold's back."""
    assert len(world.query(f"{sql} RETURNING 1", *params)) == 1


KEYS = {
    "record": "position",
    "event": "position",
    "stream": "stream_id",
    "partition": "id",
}


def alter(world: World, table: str, change: str, key: object) -> None:
    """Change columns of one row."""
    sql = f"UPDATE eventstore_{table} SET {change} WHERE {KEYS[table]} = %s"  # noqa: S608
    plant(world, sql, key)


def drop(world: World, table: str, key: object) -> None:
    """Lose one row."""
    plant(world, f"DELETE FROM eventstore_{table} WHERE {KEYS[table]} = %s", key)  # noqa: S608


def packed(world: World, place: Place, offset: int, index: int = 0) -> int:
    return pack(world.topics.numbers[place.topic], place.partition, offset, index)


# ---- all agree


def test_a_healthy_store_verifies_and_everything_is_counted(
    world: World, place: Place
) -> None:
    moved: list[tuple[Place, int]] = []
    with connect() as connection:
        findings = Verifier(
            world.topics, world.log, connection, now=SystemClock().now()
        ).run(world.topics.places, progress=lambda *step: moved.append(step))

    assert findings.differences == []
    first = findings.places[0]
    assert first.place == place
    assert (first.records, first.events, first.malformed) == (4, 3, 1)
    assert (first.unreadable, first.unfolded) == (0, 0)
    assert findings.streams == 3
    assert findings.event_ids_in_several_streams == 0
    assert sum(n for p, n in moved if p == place) == 4


def test_what_nobody_has_folded_yet_is_a_lag_and_no_difference(
    world: World, place: Place
) -> None:
    for _ in range(2):
        world.foreign(place, record(world.stream()), world.stream().encode())

    findings = verify(world)

    assert findings.differences == []
    assert [p.unfolded for p in findings.places] == [2, 0, 0]
    assert findings.places[0].records == 4


@pytest.mark.parametrize(
    "event", [{"type": "OrderVanished"}, {"data": {"quantity": "many"}}]
)
def test_an_accepted_event_that_the_registry_cannot_read_is_counted(
    world: World, place: Place, event: dict[str, Any]
) -> None:
    fields = json.loads(record(world.stream()))
    fields["events"][0] |= event
    world.foreign(place, json.dumps(fields).encode(), world.stream().encode())
    world.fold(world.store())

    findings = verify(world)

    assert findings.differences == []
    assert [p.unreadable for p in findings.places] == [1, 0, 0]


def test_an_event_id_that_streams_share_is_counted_once(
    world: World, place: Place
) -> None:
    here, shared = world.store(), uuid4()
    for n in (5, 6, 7):
        here.append(world.stream(n % 3, n), [changed(1, shared)], 0)

    findings = verify(world)

    assert findings.differences == []
    assert findings.event_ids_in_several_streams == 1


def test_a_part_of_a_topic_is_verified_without_a_word_on_its_heads(
    world: World, place: Place
) -> None:
    drop(world, "stream", world.stream())

    findings = verify(world, [place])

    assert findings.differences == []
    assert [p.place for p in findings.places] == [place]


# ---- the mirror

CHANGED_RECORD = [
    ("recorded_at", "recorded_at + interval '1 ms'"),
    ("verdict", "2"),
    ("reason", "'not_json'"),
    ("head", "17"),
    ("commit_id", "gen_random_uuid()"),
    ("stream_id", "'order.other'"),
    ("first_version", "17"),
    ("event_count", "3"),
    ("key", "'other'"),
    ("key", "NULL"),
    ("value", "value || ' '"),
    ("value", "NULL"),
    ("hash", "sha256('')"),
]


@pytest.mark.parametrize(("column", "to"), CHANGED_RECORD)
def test_a_changed_column_of_the_mirror_is_named(
    world: World, place: Place, column: str, to: str
) -> None:
    alter(world, "record", f"{column} = {to}", packed(world, place, 1))

    assert verify(world).differences == [
        Difference(f"{place}/1/0", f"the mirror's row differs in {column}")
    ]


@pytest.mark.parametrize(
    ("offset", "column", "to"),
    [
        (2, "verdict", "1"),  # a refusal that is said to be accepted
        (3, "reason", "'too_deep'"),
        (3, "stream_id", "'order.other'"),  # nothing of it enters a column
    ],
)
def test_what_became_of_refused_and_malformed_records_is_compared_too(
    world: World, place: Place, offset: int, column: str, to: str
) -> None:
    alter(world, "record", f"{column} = {to}", packed(world, place, offset))

    assert verify(world).differences == [
        Difference(f"{place}/{offset}/0", f"the mirror's row differs in {column}")
    ]


def test_several_columns_of_a_row_are_one_difference(
    world: World, place: Place
) -> None:
    alter(world, "record", "head = 7, first_version = 8", packed(world, place, 1))

    assert verify(world).differences == [
        Difference(f"{place}/1/0", "the mirror's row differs in head, first_version")
    ]


@pytest.mark.parametrize("offset", [0, 2, 3])
def test_a_row_that_the_mirror_lost_is_named(
    world: World, place: Place, offset: int
) -> None:
    drop(world, "record", packed(world, place, offset))

    assert verify(world).differences == [
        Difference(f"{place}/{offset}/0", "the mirror lacks a row that the log demands")
    ]


@pytest.mark.parametrize(
    ("offset", "index", "what"),
    [
        (1, 1, "the mirror has a row that the log does not demand"),
        (4, 0, "the mirror has a row beyond the cursor"),
        (2**38 - 2, 0, "the mirror has a row beyond the cursor"),
    ],
)
def test_a_row_too_many_in_the_mirror_is_named(
    world: World, place: Place, offset: int, index: int, what: str
) -> None:
    plant(
        world,
        "INSERT INTO eventstore_record (position, recorded_at, verdict, hash) VALUES (%s, now(), 5, '')",
        packed(world, place, offset, index),
    )

    assert verify(world).differences == [Difference(f"{place}/{offset}/{index}", what)]


# ---- the index

CHANGED_EVENT = [
    ("event_id", "gen_random_uuid()"),
    ("stream_id", "'order.other'"),
    ("version", "17"),
    ("event_type", "'OrderClosed'"),
    ("occurred_at", "occurred_at + interval '1 microsecond'"),
    ("recorded_at", "recorded_at - interval '1 ms'"),
    ("correlation_id", "NULL"),
    ("causation_id", "gen_random_uuid()"),
]


@pytest.mark.parametrize(("column", "to"), CHANGED_EVENT)
def test_a_changed_column_of_the_index_is_named(
    world: World, place: Place, column: str, to: str
) -> None:
    alter(world, "event", f"{column} = {to}", packed(world, place, 0, 1))

    assert verify(world).differences == [
        Difference(f"{place}/0/1", f"the index's row differs in {column}")
    ]


def test_a_row_that_the_index_lost_is_named(world: World, place: Place) -> None:
    drop(world, "event", packed(world, place, 0, 1))

    assert verify(world).differences == [
        Difference(f"{place}/0/1", "the index lacks a row that the log demands")
    ]


@pytest.mark.parametrize(
    ("offset", "what"),
    [
        (2, "the index has a row that the log does not demand"),  # of a refused commit
        (9, "the index has a row beyond the cursor"),
    ],
)
def test_a_row_too_many_in_the_index_is_named(
    world: World, place: Place, offset: int, what: str
) -> None:
    plant(
        world,
        "INSERT INTO eventstore_event (position, event_id, stream_id, version, event_type, occurred_at, recorded_at)"
        " VALUES (%s, gen_random_uuid(), 'order.other', 17, 'OrderChanged', now(), now())",
        packed(world, place, offset),
    )

    assert verify(world).differences == [Difference(f"{place}/{offset}/0", what)]


# ---- the heads


@pytest.mark.parametrize(
    ("column", "to"),
    [
        ("version", "version + 1"),
        ("first_recorded_at", "first_recorded_at - interval '1 ms'"),
        ("last_recorded_at", "last_recorded_at + interval '1 ms'"),
    ],
)
def test_a_changed_head_is_named_by_its_stream(
    world: World, place: Place, column: str, to: str
) -> None:
    stream = world.stream()
    alter(world, "stream", f"{column} = {to}", stream)

    assert verify(world).differences == [
        Difference(f"{place.topic} {stream}", "the stream's head differs")
    ]


def test_a_head_that_is_missing_is_named(world: World, place: Place) -> None:
    stream = world.stream(2)
    drop(world, "stream", stream)

    assert verify(world).differences == [
        Difference(f"{place.topic} {stream}", "the stream's head is missing")
    ]


def test_a_head_of_a_stream_without_events_is_named(world: World, place: Place) -> None:
    number = world.topics.numbers[place.topic]
    plant(
        world,
        "INSERT INTO eventstore_stream VALUES ('order.nobody', %s, 1, now(), now())",
        number,
    )

    assert verify(world).differences == [
        Difference(
            f"{place.topic} order.nobody", "the stream's head should not be there"
        )
    ]


# ---- rows that no partition accounts for

ELSEWHERE = {
    "partitions": (
        "INSERT INTO eventstore_partition"
        ' (id, topic, partition, partitions, topic_id, generation, "cursor", last_recorded_at, rule_version)'
        " VALUES (5000, 'eventstore.gone', 3, 3, '', gen_random_uuid(), 0, 0, 1)",
        "eventstore.gone/3",
    ),
    "mirror": (
        "INSERT INTO eventstore_record (position, recorded_at, verdict, hash)"
        " VALUES (9::bigint << 57, now(), 5, '')",
        9 << 57,
    ),
    "index": (
        "INSERT INTO eventstore_event (position, event_id, stream_id, version, event_type, occurred_at, recorded_at)"
        " VALUES (9::bigint << 57, gen_random_uuid(), 'order.gone', 1, 'OrderChanged', now(), now())",
        9 << 57,
    ),
    "heads": (
        "INSERT INTO eventstore_stream (stream_id, type_number, version, first_recorded_at, last_recorded_at)"
        " VALUES ('order.gone', 9, 1, now(), now())",
        "order.gone",
    ),
}


@pytest.mark.parametrize("table", ["partitions", "mirror", "index", "heads"])
def test_a_row_of_a_place_that_is_none_is_named(
    world: World, place: Place, table: str
) -> None:
    sql, told = ELSEWHERE[table]
    plant(world, sql)

    assert verify(world).differences == [
        Difference(table, f"{told} belongs to no partition of this store")
    ]


# ---- the partition's row, and the log


@pytest.mark.parametrize(
    "change", ["last_recorded_at = last_recorded_at + 1", "rule_version = 2"]
)
def test_a_partitions_row_with_another_state_is_named(
    world: World, place: Place, change: str
) -> None:
    alter(world, "partition", f"{change}", world.topics.partition_id(place))

    assert verify(world).differences == [
        Difference(str(place), "its row has another state than the fold")
    ]


def test_a_partition_without_a_row_is_named(world: World, place: Place) -> None:
    drop(world, "partition", world.topics.partition_id(place))

    assert verify(world).differences == [
        Difference(str(place), "the database has no row for this partition")
    ]


def test_a_log_that_does_not_begin_at_its_beginning_is_named(
    world: World, place: Place
) -> None:
    world.cut_log_before(place, 1)

    assert verify(world).differences == [
        Difference(str(place), "the log holds offsets 1 to 3, the cursor stands at 4")
    ]


def test_a_log_that_is_shorter_than_the_cursor_is_named(
    world: World, place: Place
) -> None:
    world.replace_log(place, [(None, b"no json")])

    assert verify(world).differences == [
        Difference(str(place), "the log holds offsets 0 to 0, the cursor stands at 4")
    ]


def test_another_log_of_the_same_length_differs_from_its_first_record_on(
    world: World, place: Place
) -> None:
    world.replace_log(place, [(None, b"no json")] * 4)

    (difference,) = verify(world).differences

    assert difference.position == f"{place}/0/0"
    assert "verdict" in difference.what
    assert "value" in difference.what


def test_each_partition_gets_its_own_difference(world: World, place: Place) -> None:
    for partition in (0, 2):
        first = packed(world, Place(place.topic, partition), 0)
        alter(world, "record", "head = 17", first)

    assert [d.position for d in verify(world).differences] == [
        f"{place.topic}/0/0/0",
        f"{place.topic}/2/0/0",
    ]


def test_verify_writes_nothing(world: World, place: Place) -> None:
    before = snapshot(world)

    verify(world)

    assert snapshot(world) == before


def snapshot(world: World) -> list[list[tuple[Any, ...]]]:
    tables = ("partition", "record", "event", "stream")
    return [
        world.query(f"SELECT t::text, xmin FROM eventstore_{name} t ORDER BY 1")  # noqa: S608
        for name in tables
    ]


# ---- the command


def run(*args: str) -> str:
    said = StringIO()
    call_command("verify", *args, stdout=said)
    return said.getvalue()


@pytest.mark.usefixtures("place")
def test_the_command_says_that_all_agree() -> None:
    said = run()

    assert "6 records, 5 events, 3 streams in 3 partitions compared" in said
    assert "1 malformed records." in said
    assert "Log, mirror, index and heads agree." in said


def test_the_command_ends_with_1_and_names_the_place(
    world: World, place: Place
) -> None:
    drop(world, "event", packed(world, place, 1))
    said = StringIO()

    with pytest.raises(CommandError, match="1 differences") as failed:
        call_command("verify", stdout=said)

    assert failed.value.returncode == 1
    assert f"{place}/1/0: the index lacks a row that the log demands" in said.getvalue()


@pytest.mark.usefixtures("place")
def test_the_command_tells_programs_that_all_agree() -> None:
    told = json.loads(run("--json"))

    assert told.pop("seconds") >= 0
    partitions = told.pop("partitions")
    snapshots = told.pop("snapshots")
    assert (snapshots["kept"], snapshots["wrong"]) == (0, 0)
    assert told == {
        "ok": True,
        "streams": 3,
        "event_ids_in_several_streams": 0,
        "differences": [],
    }
    counted = ("records", "events", "malformed", "unreadable", "unfolded")
    assert [[p[name] for name in counted] for p in partitions] == [
        [4, 3, 1, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
    ]


def test_the_command_tells_programs_what_differs(world: World, place: Place) -> None:
    stream = world.stream(1)
    drop(world, "stream", stream)
    said = StringIO()

    with pytest.raises(CommandError):
        call_command("verify", "--json", stdout=said)

    told = json.loads(said.getvalue())
    assert told["ok"] is False
    assert told["differences"] == [
        {
            "position": f"{place.topic} {stream}",
            "what": "the stream's head is missing",
        }
    ]


def test_the_command_refuses_a_topic_that_is_none(world: World, place: Place) -> None:
    with pytest.raises(CommandError, match="No such topic: eventstore"):
        run("--topic", "eventstore.nothing")

    assert "in 3 partitions" in run("--topic", place.topic)
