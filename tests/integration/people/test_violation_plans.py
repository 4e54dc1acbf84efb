"""What the queue, a case, the record, the jobs and the list of requests ask is answered by an index, in its order, as it would be planned at a million."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit.approvals import finishing
from audit.approvals.queries import waiting
from audit.violations import escalation, queries, unasked
from audit.violations.counting import counts
from audit.violations.queries import Among
from audit.violations.record import record
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Wanted, cursor
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 20_000
NOW = datetime(2026, 11, 20, 2, 46, 40, tzinfo=UTC)
KEY = (NOW, "c-9", "v-9")
FILL = """
    INSERT INTO people_violation (child_id, violation_id, category, severity, detector, state, levels, detected_at,
        detected_occurred_at, detected_position, claimed_by, decided_at, due_at, queue_at, next_level_at, proposal_version,
        approval_id, version, act_version)
    SELECT 'c-' || n / 20, 'v-' || n, 'category-' || n %% 10, 'severity-' || n %% 4, 'd-' || n %% 10,
           CASE WHEN n %% 2 = 0 THEN 'resolved' ELSE 'detected' END, '{}', t, t, n,
           CASE WHEN n %% 7 = 0 THEN 'officer-' || n %% 70 END, CASE WHEN n %% 2 = 0 THEN t END, t, t,
           CASE WHEN n %% 2 = 1 THEN t END, CASE WHEN n %% 101 = 0 THEN n END, 'a-' || n, n, n
      FROM (SELECT n, '2026-11-20T00:00Z'::timestamptz + n * interval '1 second' t FROM generate_series(1, %(rows)s) n) made;
    INSERT INTO people_violationstep (child_id, version, violation_id, name, "by", recorded_at, occurred_at, position)
    SELECT 'c-' || n / 20, n, 'v-' || n, 'Detected', 'o', now(), now(), n FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_approval (approval_id, version, request_version, kind, "object", object_version, requested_by, requested_at,
        requested_position, expires_at, state, decided_at, changed_at, answers)
    SELECT 'a-' || n, 1, 1, 'close_violation', 'child.c/v', n, 'o', t, n, t,
           CASE n %% 50 WHEN 0 THEN 'waiting' WHEN 1 THEN 'approved' ELSE 'done' END, t, t, '[]'
      FROM (SELECT n, '2026-11-20T00:00Z'::timestamptz + n * interval '1 second' t FROM generate_series(1, %(rows)s) n) made;
    ANALYZE people_violation, people_violationstep, people_approval;
"""
TIMES = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text, 'relpages', relpages,
                                     'reltuples', (reltuples * %(times)s)::real)
      FROM pg_class WHERE relname ~ '^people_(violation|approval)' AND relkind IN ('r', 'i') AND reltuples > 0
"""


@pytest.fixture(params=[1, 50], ids=["20,000", "a million"])
def full(request: pytest.FixtureRequest, db: None) -> None:
    with connection.cursor() as db_:
        as_new(db_)
        db_.execute(FILL, {"rows": ROWS})
        db_.execute(TIMES, {"times": request.param})


def queue(wanted: Wanted = Wanted(size=50), **among: Any) -> Callable[[], object]:  # noqa: B008  (a value)
    return lambda: queries.queue(wanted, Among("officer-7", NOW, **among))


def after(value: str) -> Wanted:
    return Wanted(after=cursor((value, *KEY)), size=50)


AFTER, BEFORE = (
    Wanted(after=cursor(KEY), size=50),
    Wanted(before=cursor(KEY), size=50),
)
DUE = {"now": NOW, "at": NOW, "child": "c", "violation": "v", "limit": 100}
QUESTIONS: dict[str, tuple[Callable[[], object], str]] = {
    "open": (queue(), "people_violation_open"),
    "open behind": (queue(AFTER), "people_violation_open"),
    "open before": (queue(BEFORE), "people_violation_open"),
    "overdue": (queue(overdue=True), "people_violation_open"),
    "unclaimed": (queue(claimed="nobody"), "people_violation_open"),
    "by severity": (
        queue(after("severity-1"), severity="severity-1"),
        "people_violation_severity",
    ),
    "by category": (
        queue(after("category-1"), category="category-1"),
        "people_violation_category",
    ),
    "by detector": (queue(after("d-1"), detector="d-1"), "people_violation_detector"),
    "mine": (queue(after("officer-7"), tab="mine"), "people_violation_claimed"),
    "second": (queue(AFTER, tab="second"), "people_violation_proposed"),
    "closed": (queue(tab="closed"), "people_violation_closed"),
    "closed behind": (queue(AFTER, tab="closed"), "people_violation_closed"),
    "closed before": (queue(BEFORE, tab="closed"), "people_violation_closed"),
    "closed by severity": (
        queue(after("severity-2"), tab="closed", severity="severity-2"),
        "people_closed_severity",
    ),
    "closed by category": (
        queue(after("category-2"), tab="closed", category="category-2"),
        "people_closed_category",
    ),
    "closed by detector": (
        queue(after("d-2"), tab="closed", detector="d-2"),
        "people_closed_detector",
    ),
    "levels": (
        lambda: unchecked_rows(escalation.DUE, DUE),
        "people_violation_level",
    ),
    "waiting": (lambda: waiting(Wanted(size=50)), "people_approval_waiting"),
    "over": (
        lambda: unchecked_rows(finishing.OVER, {"now": NOW, "most": 5}),
        "people_approval_expires",
    ),
    "agreed": (
        lambda: unchecked_rows(finishing.AGREED, {"most": 5}),
        "people_approval_agreed",
    ),
}


@pytest.mark.usefixtures("full")
def test_an_index_gives_each_list_in_its_order() -> None:
    found: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    for name, (ask, _) in QUESTIONS.items():
        asked = [node for plan in plans(ask) for node in nodes(plan)]
        found[name] = {node["Index Name"] for node in asked if "Index Name" in node}
        kinds[name] = {node["Node Type"] for node in asked}

    wrong = {n: f for n, f in found.items() if QUESTIONS[n][1] not in f}
    assert wrong == {}
    sorts = {"Seq Scan", "Sort", "Incremental Sort", "Bitmap Heap Scan"}
    assert {name: one for name, one in kinds.items() if one & sorts} == {}


@pytest.mark.parametrize("full", [50], ids=["a million"], indirect=True)
@pytest.mark.usefixtures("full")
def test_a_case_its_counts_and_a_months_record_read_no_table_through() -> None:
    for ask in (
        lambda: queries.case("c-5", "v-101"),
        lambda: record(NOW, NOW + timedelta(seconds=100), NOW),
        lambda: counts("officer-7", NOW),
        lambda: unchecked_rows(unasked.UNASKED, {"most": 5}),
    ):
        asked = [node for plan in plans(ask) for node in nodes(plan)]
        read = {
            node["Relation Name"] for node in asked if node["Node Type"] == "Seq Scan"
        }

        # partitions are few, and the log is empty here: what it is asked has its own tests
        assert read <= {"eventstore_partition", "eventstore_event"}
