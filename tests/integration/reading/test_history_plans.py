"""Past states and runs of jobs are found by their indexes, step by step, however much there is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from eventstore.queries.connection import reading_cursor
from eventstore.queries.history import version_as_of
from eventstore.queries.jobs import last_runs, runs
from eventstore.queries.keyset import Wanted, cursor
from eventstore.upkeep import jobs
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable

BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
VERSIONS = 10_000
FILL = """
    TRUNCATE eventstore_event, eventstore_stream, eventstore_jobrun;
    INSERT INTO eventstore_event
    SELECT (2::bigint << 57) + (n::bigint << 10), gen_random_uuid(), 'conversation.long', n, 'Type',
           now(), '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', NULL, NULL
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_event
    SELECT (2::bigint << 57) + (1::bigint << 48) + (n::bigint << 10), gen_random_uuid(), 'conversation.c-' || n, 1,
           'Type', now(), '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', NULL, NULL
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_stream VALUES ('conversation.long', 2, %(rows)s, '2026-11-20T00:00Z', now());
    INSERT INTO eventstore_stream SELECT 'conversation.c-' || n, 2, 1, now(), now() FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_jobrun (job, due, until, runs, scope, counts, outcome)
    SELECT 'job' || n %% 4, '2026-11-20T00:00Z'::timestamptz + n * interval '10 seconds', now(), 1, '', '{}',
           CASE WHEN n %% 50 = 0 THEN 'failed' ELSE 'done' END
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_indexcomplete VALUES (1) ON CONFLICT DO NOTHING;
    ANALYZE eventstore_event, eventstore_stream, eventstore_jobrun;
"""


@pytest.fixture
def full(db: None) -> None:
    with connection.cursor() as database:
        as_new(database)
        database.execute(FILL, {"rows": VERSIONS})


def kinds_and_indexes(read: Callable[[], object]) -> tuple[set[str], set[str]]:
    found = [node for plan in plans(read) for node in nodes(plan)]
    indexes = {node["Index Name"] for node in found if "Index Name" in node}
    return {node["Node Type"] for node in found}, indexes


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("second", [0, 1, 4_711, VERSIONS - 1, VERSIONS, VERSIONS + 9])
def test_the_version_at_a_time_is_found_by_halves(second: int) -> None:
    instant = BEGAN + timedelta(seconds=second)

    def ask() -> int:
        with reading_cursor() as db:
            return version_as_of(db, "conversation.long", instant)

    assert ask() == min(second, VERSIONS)
    kinds, indexes = kinds_and_indexes(ask)
    assert not kinds & {"Seq Scan", "Sort", "Hash Join", "Merge Join"}
    assert "eventstore_event_version" in indexes


@pytest.mark.usefixtures("full")
def test_a_time_within_a_long_history_takes_a_step_for_each_half() -> None:
    instant = BEGAN + timedelta(seconds=4_711)
    explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
    with reading_cursor() as db:
        from eventstore.queries import history

        sql = explain + history._VERSION_AS_OF
        db.execute(sql, {"stream": "conversation.long", "instant": instant})
        [[[whole]]] = db.fetchall()

    looks: float = sum(
        node["Actual Loops"]
        for node in nodes(whole["Plan"])
        if node.get("Index Name") == "eventstore_event_version"
    )
    assert looks <= 15


AFTER = Wanted(after=cursor((BEGAN + timedelta(hours=9), 3_000)))
BEFORE = Wanted(before=cursor((BEGAN + timedelta(hours=9), 3_000)))


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("wanted", [Wanted(), AFTER, BEFORE])
@pytest.mark.parametrize("job", [None, "job1"])
def test_runs_are_their_index_read_in_order(wanted: Wanted, job: str | None) -> None:
    kinds, indexes = kinds_and_indexes(lambda: runs(wanted, job=job))

    assert not kinds & {"Seq Scan", "Sort", "Bitmap Heap Scan"}
    assert indexes == {"eventstore_jobrun_job" if job else "eventstore_jobrun_newest"}


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("each", [1, 24])
def test_the_last_runs_of_each_job_are_read_along_the_index(each: int) -> None:
    def ask() -> object:
        return last_runs(["job1", "job2"], each)

    _, indexes = kinds_and_indexes(ask)
    found = [node for plan in plans(ask) for node in nodes(plan)]
    whole = {one["Relation Name"] for one in found if one["Node Type"] == "Seq Scan"}

    assert whole <= {"django_migrations"}  # of some dozens of rows
    assert indexes == {"eventstore_jobrun_job"}


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("statement", "given", "names"),
    [
        (jobs._LAST, {"job": "job1", "now": BEGAN + timedelta(days=4_000)}, {"job"}),
        (jobs._FORGET, {"before": BEGAN + timedelta(hours=1)}, {"old", "job"}),
        (jobs._LOST, {"job": "job1", "now": BEGAN}, {"old"}),
    ],
)
def test_a_run_finds_its_rows_by_an_index(
    statement: str, given: dict[str, Any], names: set[str]
) -> None:
    def ask() -> None:
        with connection.cursor() as db:
            db.execute(statement, given)

    kinds, indexes = kinds_and_indexes(ask)

    assert "Seq Scan" not in kinds
    assert indexes == {f"eventstore_jobrun_{name}" for name in names}
