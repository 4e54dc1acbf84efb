"""What is asked about subscriptions is their keys, read in order: held to the planner's word over many parked streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from eventstore.clock import SystemClock
from eventstore.events import Position
from eventstore.queries.connection import reading_cursor
from eventstore.queries.following import unregistered
from eventstore.queries.keyset import Wanted, cursor
from eventstore.queries.positions import packed_of
from eventstore.queries.subscriptions import (
    actions,
    parked_at,
    parked_streams,
    partition_statuses,
    status_of,
    statuses,
)
from eventstore.queries.unhandled import unhandled_since
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 20_000  # records, streams, parked streams and actions each

FILL = """
    INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, cursor, last_recorded_at,
                                      rule_version)
    SELECT 2 * 512 + n, 'eventstore.conversation', n, 6, 't', '00000000-0000-4000-a000-000000000000', %(rows)s, 0, 1
      FROM generate_series(0, 5) n;
    INSERT INTO eventstore_record (position, recorded_at, verdict, reason, head, commit_id, stream_id, first_version,
                                   event_count, key, value, hash)
    SELECT ((2 * 512 + n %% 6)::bigint << 48) + (n::bigint << 10), '2026-11-20T00:00Z'::timestamptz + n * interval '1 s',
           1, NULL, 0, NULL, 'conversation.c-' || n, 1, 1, 'k', 'v', 'h'
      FROM generate_series(0, %(rows)s - 1) n;
    INSERT INTO eventstore_stream
    SELECT 'conversation.c-' || n, 2, 20, now(), now() FROM generate_series(0, %(rows)s - 1) n;
    INSERT INTO eventstore_subscription (name, version, wants, born, made_at)
    SELECT name, 1, 'everything', '', now() FROM unnest(ARRAY['totals', 'mails', 'weekly']) name;
    INSERT INTO eventstore_checkpoint (subscription, partition_id, version, "cursor", first_time_from, paused, handled,
                                       skipped, rate, moved_at)
    SELECT s.name, p.id, 1, 5000, 0, false, 0, 0, 0, now() FROM eventstore_subscription s, eventstore_partition p;
    INSERT INTO eventstore_parkedstream (subscription, stream_id, partition_id, position, version, event_type, error,
                                         place, attempts, failed_at, retry_at)
    SELECT (ARRAY['totals', 'mails'])[n %% 2 + 1], 'conversation.c-' || n, 2 * 512 + n %% 6,
           ((2 * 512 + n %% 6)::bigint << 48) + (n::bigint << 10), 3, 'ChildSpoke',
           'ValueError', 'a:1', 1, now(), CASE WHEN n %% 10 = 0 THEN now() END
      FROM generate_series(0, %(rows)s - 1) n;
    INSERT INTO eventstore_subscriptionaction (subscription, action, stream_id, position, detail, reason, done_by, done_at)
    SELECT CASE WHEN n %% 100 = 0 THEN 'totals' ELSE 'one-' || n %% 100 END, 'replay', NULL, NULL, '', 'why', 'ada', now()
      FROM generate_series(0, %(rows)s - 1) n;
    ANALYZE eventstore_record, eventstore_stream, eventstore_partition, eventstore_subscription, eventstore_checkpoint,
            eventstore_parkedstream, eventstore_subscriptionaction;
"""
EMPTY = """
    TRUNCATE eventstore_record, eventstore_stream, eventstore_partition, eventstore_subscription, eventstore_checkpoint,
             eventstore_parkedstream, eventstore_subscriptionaction
"""
OFFSET = 5_000  # of an event at which one of `totals` waits
PLACE = Position("eventstore.conversation", OFFSET % 6, OFFSET, 0)
MIDDLE = packed_of(PLACE)
AFTER, BEFORE = Wanted(after=cursor((MIDDLE,))), Wanted(before=cursor((MIDDLE,)))

SERVED_BY: dict[str, tuple[Callable[[], object], str]] = {
    "parked": (lambda: parked_streams(Wanted(), "totals"), "eventstore_parked_place"),
    "parked after": (
        lambda: parked_streams(AFTER, "totals"),
        "eventstore_parked_place",
    ),
    "parked before": (
        lambda: parked_streams(BEFORE, "totals"),
        "eventstore_parked_place",
    ),
    "one parked": (
        lambda: parked_at("totals", PLACE),
        "eventstore_parked_place",
    ),
    "actions": (lambda: actions("totals"), "eventstore_action_newest"),
}


@pytest.fixture(scope="module")
def full(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The tables with many rows, for all tests of this file."""
    del django_db_setup
    with django_db_blocker.unblock(), connection.cursor() as db:
        as_new(db)
        db.execute(FILL, {"rows": ROWS})
        yield
        db.execute(EMPTY)


def read_whole(plan: dict[str, Any]) -> set[str]:
    """The tables that are read from end to end."""
    return {
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] in {"Seq Scan", "Bitmap Heap Scan"}
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", SERVED_BY)
def test_a_list_is_its_key_read_in_order(full: None, name: str) -> None:
    read, index = SERVED_BY[name]

    for plan in plans(read):
        kinds = {node["Node Type"] for node in nodes(plan)}
        used = [node["Index Name"] for node in nodes(plan) if "Index Name" in node]
        assert not kinds & {"Sort", "Incremental Sort", "Hash Join", "Merge Join"}, plan
        assert not read_whole(plan), plan
        assert any(one.startswith(index) for one in used), plan


@pytest.mark.django_db
@pytest.mark.parametrize(
    "read",
    [
        lambda: statuses(SystemClock().now()),
        lambda: status_of("totals", SystemClock().now()),
        lambda: partition_statuses("totals"),
        lambda: unhandled_since({"weekly": "eventstore.conversation"}),
    ],
    ids=["all", "one", "partitions", "how far together"],
)
def test_how_they_stand_reads_one_record_a_checkpoint(
    full: None, read: Callable[[], object]
) -> None:
    """Few rows are read whole, the parked streams of a subscription counted; of records and streams no more than one each."""
    for plan in plans(read):
        small = {"eventstore_checkpoint", "eventstore_partition"}
        small |= {"eventstore_subscription", "eventstore_parkedstream"}
        assert read_whole(plan) <= small, plan
        records = [
            node
            for node in nodes(plan)
            if node.get("Relation Name") == "eventstore_record"
        ]
        assert all(node["Index Name"] == "eventstore_record_pkey" for node in records)


@pytest.mark.django_db
def test_who_is_registered_is_asked_of_what_a_turn_passes_alone() -> None:
    with connection.cursor() as db:
        as_new(db)
        db.execute(
            """
            INSERT INTO eventstore_event
            SELECT (2::bigint << 57) + (n::bigint << 10), gen_random_uuid(), 'conversation.c-' || n, 1, 'Type-' || n %% 7,
                   now(), now(), NULL, NULL
              FROM generate_series(1, %(rows)s) n;
            INSERT INTO eventstore_indexcomplete VALUES (1) ON CONFLICT DO NOTHING;
            ANALYZE eventstore_event
            """,
            {"rows": ROWS},
        )
    first = 2 << 57
    start, end = first + (5_000 << 10), first + (5_200 << 10)

    def ask() -> dict[str, int]:
        with reading_cursor() as db:
            return unregistered(db, start, end, known=[f"Type-{n}" for n in range(6)])

    assert sum(ask().values()) in {28, 29}
    for plan in plans(ask):
        used = [node for node in nodes(plan) if "Index Name" in node]
        assert [node["Index Name"] for node in used] == ["eventstore_event_pkey"], plan
        assert not read_whole(plan), plan
