"""Snapshots are found by one step in one index, and what is due by a walk along the events' key: with some thousand rows,
and as it would be planned at fifty times as many."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.queries import snapshots as queries
from eventstore.queries.connection import reading_cursor
from eventstore.queries.kept import Kept, kept
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# 1,000 streams of 20 events, and one of 4,000; of each tenth version a snapshot by this code and by two others
FILL = """
    INSERT INTO eventstore_event
    SELECT (2::bigint << 57) + (n::bigint << 10), ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           CASE WHEN n < 20000 THEN 'conversation.c-' || n / 20 ELSE 'conversation.long' END,
           CASE WHEN n < 20000 THEN n %% 20 ELSE n - 20000 END + 1, 'Type' || n %% 12,
           '2026-11-20T00:00Z'::timestamptz, '2026-11-20T00:00Z'::timestamptz + n * interval '1 second'
      FROM generate_series(0, 23999) n;
    INSERT INTO eventstore_snapshot (stream_id, state_schema, code, version, event_id, position, state, mac, drifted)
    SELECT stream_id, 1, decode(code, 'hex'), version, event_id, position, '{}', '', false
      FROM eventstore_event, unnest(ARRAY['aa', 'bb', 'cc']) code WHERE version %% 10 = 0;
    INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, cursor, last_recorded_at,
                                      rule_version)
    VALUES (2 * 512, 'eventstore.conversation', 0, 6, 't', '00000000-0000-4000-a000-000000000000', 24000, 0, 1);
    INSERT INTO eventstore_indexcomplete VALUES (1) ON CONFLICT DO NOTHING;
    ANALYZE eventstore_event, eventstore_snapshot, eventstore_snapshotfailure;
"""
EMPTY = """
    TRUNCATE eventstore_event, eventstore_snapshot, eventstore_snapshotfailure, eventstore_partition,
             eventstore_indexcomplete
"""
TIMES = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text, 'relpages', relpages,
                                     'reltuples', (reltuples * %(times)s)::real)
      FROM pg_class
     WHERE relname ~ '^eventstore_(event|snapshot)' AND relkind IN ('r', 'i') AND reltuples > 0
"""
# nobody corrects the statistics meanwhile
AUTOVACUUM = """
    ALTER TABLE eventstore_event SET (autovacuum_enabled = {0});
    ALTER TABLE eventstore_snapshot SET (autovacuum_enabled = {0});
"""
THIS = queries.Made(1, b"\xbb")
NEVER = queries.Made(1, b"\xdd")
FIRST = 2 << 57


@pytest.fixture(scope="module", params=[1, 50], ids=["thousands", "a million"])
def full(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """The tables with many rows, for all tests of this file."""
    del django_db_setup
    with django_db_blocker.unblock(), connection.cursor() as db:
        as_new(db)
        db.execute(FILL.replace("%%", "%"))
        db.execute(AUTOVACUUM.format("off"))
        db.execute(TIMES, {"times": request.param})
        with reading_cursor():
            pass  # the first one looks whether the index is complete
        yield
        db.execute(EMPTY)
        db.execute(AUTOVACUUM.format("on"))


def executed(read: Callable[[Any], object]) -> list[dict[str, Any]]:
    """The nodes of the plans of what a read asks, with the rows that they met."""
    with CaptureQueriesContext(connection) as made, reading_cursor() as cursor:
        read(cursor)
    found: list[dict[str, Any]] = []
    with connection.cursor() as db:
        for query in made.captured_queries:
            db.execute("EXPLAIN (FORMAT JSON, ANALYZE) " + query["sql"])
            [[plan]] = db.fetchall()
            whole = json.loads(plan) if isinstance(plan, str) else plan
            found += nodes(whole[0]["Plan"])
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def met(plan: list[dict[str, Any]]) -> int:
    """The rows that the scans met, kept or not."""
    return sum(
        int(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
            * node["Actual Loops"]
        )
        for node in plan
        if "Relation Name" in node
    )


def scans(plan: list[dict[str, Any]]) -> set[str]:
    """The indexes that were read, and tables that were read without one."""
    whole = {
        f"all of {node['Relation Name']}"
        for node in plan
        if node["Node Type"] == "Seq Scan"
    }
    return whole | {node["Index Name"] for node in plan if "Index Name" in node}


@pytest.mark.django_db
@pytest.mark.parametrize("at_most", [None, 4_000, 2_005, 11])
def test_the_newest_of_a_long_stream_is_one_step_in_one_index(
    full: None, at_most: int | None
) -> None:
    plan = executed(
        lambda cursor: queries.newest(cursor, "conversation.long", THIS, at_most)
    )

    assert scans(plan) <= {
        "eventstore_snapshot_pkey",
        "eventstore_event_pkey",
        "eventstore_event_version",
        "eventstore_event_id",
    }
    assert met(plan) == 2  # a snapshot, and its event
    assert not {node["Node Type"] for node in plan} & {"Sort", "Hash Join"}


@pytest.mark.django_db
def test_a_stream_whose_snapshots_are_of_other_code_is_not_searched_through(
    full: None,
) -> None:
    plan = executed(
        lambda cursor: queries.newest(cursor, "conversation.long", NEVER, None)
    )

    assert met(plan) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("made", [THIS, NEVER], ids=["all there", "none there"])
def test_what_is_due_is_a_bounded_walk_along_the_events_key(
    full: None, made: queries.Made
) -> None:
    span = (FIRST, FIRST + (24_000 << 10))

    plan = executed(
        lambda cursor: queries.due(cursor, span, made, 10, most=500, scan=1_000)
    )

    assert {s for s in scans(plan) if "event_" in s} == {"eventstore_event_pkey"}
    assert not [s for s in scans(plan) if s == "all of eventstore_snapshot"]
    assert met(plan) <= 1_001 + 1_001 + 100


@pytest.mark.django_db
def test_the_due_of_one_stream_are_found_by_its_versions(full: None) -> None:
    plan = executed(
        lambda cursor: queries.due_of_stream(
            cursor, "conversation.c-7", 0, NEVER, 10, most=500
        )
    )

    assert met(plan) <= 22
    assert not [s for s in scans(plan) if s.startswith("all of eventstore_e")]


@pytest.mark.django_db
def test_a_sample_looks_at_few_events(full: None) -> None:
    at = FIRST + (11_111 << 10)

    plan = executed(
        lambda cursor: queries.near(cursor, at, FIRST + (24_000 << 10), THIS)
    )

    assert met(plan) <= 2_100
    assert not [s for s in scans(plan) if s.startswith("all of")]


@pytest.mark.django_db
@pytest.mark.parametrize("stream_id", [None, "conversation.long"])
def test_who_looks_through_all_rows_reads_a_page_along_the_key(
    full: None, stream_id: str | None
) -> None:
    first: list[Kept] = []

    plan = executed(
        lambda cursor: first.extend(kept(cursor, None, stream_id=stream_id, most=20))
    )
    plan += executed(
        lambda cursor: kept(cursor, first[-1], stream_id=stream_id, most=20)
    )

    assert met(plan) <= 2 * (20 + 20)  # rows, and their events
    assert not [s for s in scans(plan) if s.startswith("all of")]


@pytest.mark.django_db
def test_the_streams_to_try_again_are_found_by_their_index(full: None) -> None:
    before = datetime(2026, 11, 20, tzinfo=UTC)

    plan = executed(
        lambda cursor: queries.to_retry(cursor, [2 * 512], THIS, before, most=20)
    )

    assert "all of eventstore_event" not in scans(plan)
