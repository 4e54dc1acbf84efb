"""Every list is one index, read in its order: held to the planner's word over 20,000 events, and as it would plan at a
million: its statistics then say that each table has fifty times the rows."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.events import Cut, Place, Position
from eventstore.queries import browse, evidence
from eventstore.queries.browse import EventFilter
from eventstore.queries.connection import read_rows, reading_cursor
from eventstore.queries.everything import read_after
from eventstore.queries.feed import Mark, accepted_between
from eventstore.queries.keyset import Wanted, cursor
from eventstore.queries.related import related
from eventstore.queries.streams import read_stream
from eventstore.upkeep.verifier import statements
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 20_000
MIDDLE = datetime(
    2026, 11, 20, 2, 46, 40, tzinfo=UTC
)  # of 20,000 seconds from midnight

FILL = """
    INSERT INTO eventstore_event
    SELECT (2::bigint << 57) + ((n %% 6)::bigint << 48) + (n::bigint << 10),
           ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           CASE WHEN n %% 100 = 0 THEN 'conversation.long' ELSE 'conversation.c-' || n / 8 END,
           CASE WHEN n %% 100 = 0 THEN n / 100 ELSE n %% 8 END + 1, 'Type' || n %% 12,
           '2026-11-20T00:00Z'::timestamptz, '2026-11-20T00:00Z'::timestamptz + n * interval '1 second',
           ('00000000-0000-4000-9000-' || lpad(to_hex(n / 8), 12, '0'))::uuid,
           CASE WHEN n %% 3 > 0 THEN ('00000000-0000-4000-8000-' || lpad(to_hex(n - 1), 12, '0'))::uuid END
      FROM generate_series(0, %(rows)s - 1) n;
    INSERT INTO eventstore_record
    SELECT position, recorded_at, 1, NULL, version - 1, event_id, stream_id, version, 1, 'k', 'v', 'h'
      FROM eventstore_event;
    INSERT INTO eventstore_stream
    SELECT 'conversation.c-' || n, n %% 3 + 1, 20, '2026-11-20T00:00Z'::timestamptz + n * interval '20 seconds',
           '2026-11-20T00:00Z'::timestamptz + n * interval '20 seconds'
      FROM generate_series(0, %(rows)s - 1) n;
    INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, cursor, last_recorded_at,
                                      rule_version)
    VALUES (2 * 512 + 4, 'eventstore.conversation', 4, 6, 't', '00000000-0000-4000-a000-000000000000', %(rows)s, 0, 1);
    INSERT INTO eventstore_indexcomplete VALUES (1) ON CONFLICT DO NOTHING;
    ANALYZE eventstore_event, eventstore_record, eventstore_stream;
"""
EMPTY = """
    TRUNCATE eventstore_event, eventstore_record, eventstore_stream, eventstore_partition, eventstore_indexcomplete
"""

# How many values a column has, and which are frequent, are shares of the rows (where there are many values, so streams
# are short here): true of any number of them. With fifty times the rows the longest stream, one event in a hundred, has
# 10,000.
TIMES = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text, 'relpages', relpages,
                                     'reltuples', (reltuples * %(times)s)::real)
      FROM pg_class
     WHERE relname ~ '^eventstore_(event|record|stream)' AND relkind IN ('r', 'i') AND reltuples > 0
"""
# nobody corrects the statistics meanwhile
AUTOVACUUM = """
    ALTER TABLE eventstore_event SET (autovacuum_enabled = {0});
    ALTER TABLE eventstore_record SET (autovacuum_enabled = {0});
    ALTER TABLE eventstore_stream SET (autovacuum_enabled = {0});
"""


@pytest.fixture(scope="module", params=[1, 50], ids=["20,000", "a million"])
def full(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """The tables with many rows, for all tests of this file."""
    del django_db_setup
    columns = "position, recorded_at, verdict, reason, head, commit_id, stream_id, first_version, event_count, key, value, hash"
    with django_db_blocker.unblock(), connection.cursor() as db:
        as_new(db)
        db.execute(
            FILL.replace(
                "INTO eventstore_record", f"INTO eventstore_record ({columns})"
            ),
            {"rows": ROWS},
        )
        db.execute(AUTOVACUUM.format("off"))
        db.execute(TIMES, {"times": request.param})
        with reading_cursor():
            pass  # the first one looks whether the index is complete
        yield
        db.execute(EMPTY)
        db.execute(AUTOVACUUM.format("on"))


def plans(read: Callable[[], object]) -> list[Any]:
    """What PostgreSQL would do for each query that the call makes."""
    with CaptureQueriesContext(connection) as made:
        read()
    found = []
    with connection.cursor() as db:
        for query in made.captured_queries:
            db.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
            [[plan]] = db.fetchall()
            found.append(
                (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
            )
    assert found
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


PLACE = Place("eventstore.conversation", 4)
MARK = Mark(2 * 512 + 4, 20_000, UUID(int=0))
KEY = (MIDDLE, (2 << 57) + (4 << 48) + (10_000 << 10))
CORRELATION = UUID("00000000-0000-4000-9000-0000000000ff")
EVENT = UUID("00000000-0000-4000-8000-000000001000")
AFTER, BEFORE = Wanted(after=cursor(KEY)), Wanted(before=cursor(KEY))
STREAM_AFTER = Wanted(after=cursor((MIDDLE, "conversation.c-500")))
STREAM_BEFORE = Wanted(before=cursor((MIDDLE, "conversation.c-500")))
V_AFTER, V_BEFORE = (
    Wanted(after=cursor((5,)), size=5),
    Wanted(before=cursor((15,)), size=5),
)


def events(wanted: Wanted = Wanted(), **among: Any) -> Callable[[], object]:  # noqa: B008  (a value)
    return lambda: browse.events(wanted, EventFilter(**among))


def reading(read: Callable[[Any], object]) -> Callable[[], object]:
    """A read of payloads; they are no JSON here, so nothing comes of it but its queries."""

    def first_page() -> None:
        with reading_cursor() as db, suppress(msgspec.DecodeError):
            read(db)

    return first_page


def stream(stream_id: str, **how: Any) -> Callable[[], object]:
    return reading(lambda db: next(read_stream(db, stream_id, **how)))


TYPES = ("Type3", "Type4")
SERVED_BY = {
    "streams": (lambda: browse.streams(Wanted()), "eventstore_stream_newest"),
    "streams after": (lambda: browse.streams(STREAM_AFTER), "eventstore_stream_newest"),
    "streams before": (
        lambda: browse.streams(STREAM_BEFORE),
        "eventstore_stream_newest",
    ),
    "streams of a type": (
        lambda: browse.streams(Wanted(), type_name="parent"),
        "eventstore_stream_type",
    ),
    "streams of a type after": (
        lambda: browse.streams(STREAM_AFTER, type_name="parent"),
        "eventstore_stream_type",
    ),
    "a stream": (
        lambda: browse.stream("conversation.c-7"),
        "eventstore_stream_",
    ),  # Django makes two
    "a stream's events": (
        lambda: browse.stream_events("conversation.c-7", Wanted(size=5)),
        "eventstore_event_version",
    ),
    "a stream's events after": (
        lambda: browse.stream_events("conversation.c-7", V_AFTER),
        "eventstore_event_version",
    ),
    "a stream's events before": (
        lambda: browse.stream_events("conversation.c-7", V_BEFORE),
        "eventstore_event_version",
    ),
    "a stream's events backwards": (
        lambda: browse.stream_events_backwards("conversation.c-7", V_AFTER),
        "eventstore_event_version",
    ),
    "a long stream's events": (
        lambda: browse.stream_events("conversation.long", V_AFTER),
        "eventstore_event_version",
    ),
    "a stream's events of some types": (
        lambda: browse.stream_events_of("conversation.c-7", TYPES, Wanted(size=5)),
        "eventstore_event_version",
    ),
    "a stream's events of some types after": (
        lambda: browse.stream_events_of("conversation.c-7", TYPES, V_AFTER),
        "eventstore_event_version",
    ),
    "a stream's events of some types before": (
        lambda: browse.stream_events_of("conversation.c-7", TYPES, V_BEFORE),
        "eventstore_event_version",
    ),
    "a long stream's events of some types": (
        lambda: browse.stream_events_of("conversation.long", TYPES, V_AFTER),
        "eventstore_event_version",
    ),
    "a stream's events at some versions": (
        lambda: browse.stream_events_at("conversation.c-7", [1, 3]),
        "eventstore_event_version",
    ),
    "a long stream": (stream("conversation.long"), "eventstore_record_stream"),
    "a long stream from the middle": (
        stream("conversation.long", first=100),
        "eventstore_record_stream",
    ),
    "a long stream backwards": (
        stream("conversation.long", backwards=True, at_most=40),
        "eventstore_record_stream",
    ),
    "events": (events(), "eventstore_event_time"),
    "events after": (events(AFTER), "eventstore_event_time"),
    "events before": (events(BEFORE), "eventstore_event_time"),
    "events of a time": (
        events(recorded_from=MIDDLE, recorded_to=MIDDLE.replace(hour=4)),
        "eventstore_event_time",
    ),
    "events of a type": (events(event_type="Type3"), "eventstore_event_type"),
    "events of a type after": (
        events(AFTER, event_type="Type3"),
        "eventstore_event_type",
    ),
    "events of a type before": (
        events(BEFORE, event_type="Type3"),
        "eventstore_event_type",
    ),
    "events of a type and time": (
        events(event_type="Type3", recorded_from=MIDDLE),
        "eventstore_event_type",
    ),
    "events of a correlation": (
        events(correlation_id=CORRELATION),
        "eventstore_event_correlation",
    ),
    "events of a correlation after": (
        events(AFTER, correlation_id=CORRELATION),
        "eventstore_event_correlation",
    ),
    "events of a correlation and type": (
        events(correlation_id=CORRELATION, event_type="Type3"),
        "eventstore_event_correlation",
    ),
    "events of a cause": (events(causation_id=EVENT), "eventstore_event_causation"),
    "an event id": (lambda: browse.with_event_id(EVENT), "eventstore_event_id"),
    "a commit id": (lambda: evidence.with_commit_id(EVENT), "eventstore_record_commit"),
}


# Of these the index may also be asked for all rows at once, to be sorted afterwards: they are those of one stream or one
# correlation, and the planner does so where they are few, or where the table is small.
BOUNDED = ("a stream's", "a long stream", "correlation", "cause")


@pytest.mark.django_db
@pytest.mark.parametrize("name", SERVED_BY)
def test_a_list_is_its_index_read_in_order(full: None, name: str) -> None:
    read, index = SERVED_BY[name]
    unwanted = {"Seq Scan", "Incremental Sort"}
    if not any(word in name for word in BOUNDED):
        unwanted |= {"Bitmap Heap Scan", "Sort"}

    for plan in plans(read):
        kinds = {node["Node Type"] for node in nodes(plan)}
        indexes = [node["Index Name"] for node in nodes(plan) if "Index Name" in node]
        assert not kinds & unwanted, plan
        assert any(used.startswith(index) for used in indexes), plan


@pytest.mark.django_db
def test_the_statistics_speak_of_as_many_rows_as_the_test_says(
    full: None, request: pytest.FixtureRequest
) -> None:
    [plan] = plans(_all_events)

    million = "a million" in request.node.name
    assert plan["Plan Rows"] == (1_000_000 if million else ROWS)


def _all_events() -> None:
    with connection.cursor() as db:
        db.execute("SELECT position FROM eventstore_event")


@pytest.mark.django_db
def test_the_whole_log_is_read_along_its_key_or_its_times(full: None) -> None:
    for read in (
        reading(lambda _: next(accepted_between(Cut({PLACE: 9_000}), {PLACE: MARK}))),
        reading(lambda db: read_after(db, Cut({PLACE: 9_000}), [PLACE.topic], 1_000)),
    ):
        for plan in plans(read):
            found = list(nodes(plan))
            indexes = {node["Index Name"] for node in found if "Index Name" in node}
            assert indexes <= {
                "eventstore_record_pkey",
                "eventstore_partition_place",
                "eventstore_event_time",
                "eventstore_event_pkey",
            }
            assert not [
                node
                for node in found
                if node["Node Type"] == "Seq Scan"
                and node["Relation Name"] in {"eventstore_record", "eventstore_event"}
            ], plan
            sorted_ones = [n for n in found if "Sort" in n["Node Type"]]
            assert all(n["Plan Rows"] <= 10_000 for n in sorted_ones), plan


@pytest.mark.django_db
def test_an_event_and_its_evidence_are_index_look_ups(full: None) -> None:
    position = Position("eventstore.conversation", 4, 10_000, 0)

    found = plans(lambda: evidence.one_event(position))

    kinds = {node["Node Type"] for plan in found for node in nodes(plan)}
    assert "Seq Scan" not in kinds
    assert len(found) == 3


@pytest.mark.django_db
def test_what_stands_round_an_event_comes_from_two_indexes(full: None) -> None:
    position = Position("eventstore.conversation", 4, 10_000, 0)
    [row] = browse.events(Wanted(after=cursor((MIDDLE, KEY[1] + 1024)), size=1), EventFilter()).rows  # fmt: skip
    row = replace(row, position=position, correlation_id=CORRELATION)

    [plan] = plans(lambda: related(row))

    assert "Seq Scan" not in {node["Node Type"] for node in nodes(plan)}
    used = {node["Index Name"].rstrip("0123456789") for node in nodes(plan) if "Index Name" in node}  # fmt: skip
    assert used == {"eventstore_event_causation", "eventstore_event_correlation"}


@pytest.mark.django_db
def test_a_stream_is_verified_along_its_own_indexes(full: None) -> None:
    given = {"stream": "conversation.long", "first": 50, "limit": 20, "end": 70}

    for statement, index in (
        (statements.OF_STREAM, "eventstore_record_stream"),
        (statements.INDEX_OF_STREAM, "eventstore_event_version"),
    ):
        [plan] = plans(partial(read_rows, statement, given))
        assert "Seq Scan" not in {node["Node Type"] for node in nodes(plan)}
        assert {node["Index Name"] for node in nodes(plan) if "Index Name" in node} == {index}  # fmt: skip
