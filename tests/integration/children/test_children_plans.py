"""Each question of a child's pages is answered by an index, of one child with ten thousand facts of each kind among 200,000."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from audit.children import axis
from audit.children.axis import Asked, Clock
from audit.children.spans import Span, strip
from eventstore.queries.keyset import Wanted, cursor
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 20_000
FIRST = datetime(2026, 11, 20, tzinfo=UTC)
MIDDLE = FIRST + timedelta(seconds=ROWS / 2)
FILL = """
    INSERT INTO people_fact (child_id, position, lane, kind, version, recorded_at, occurred_at, about, conversation_id)
    SELECT CASE WHEN n %% 2 = 0 THEN 'long' ELSE 'c-' || n / 20 END, n, lane, 'Kind', 1,
           '2026-11-20T00:00Z'::timestamptz + n * interval '1 second',
           '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', '{}',
           CASE WHEN lane = 'conversation' THEN 't-' || n END
      FROM generate_series(1, %(rows)s) n
     CROSS JOIN LATERAL (SELECT (ARRAY['consent', 'conversation', 'violation', 'change', 'privacy', 'export', 'view'])
                                [n %% 7 + 1] AS lane) which;
    ANALYZE people_fact;
"""


@pytest.fixture(scope="module")
def full(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    del django_db_setup
    with django_db_blocker.unblock(), connection.cursor() as db:
        as_new(db)
        db.execute(FILL, {"rows": ROWS})
        yield
        db.execute("TRUNCATE people_fact")


SPAN = Span(FIRST, FIRST + timedelta(days=1))
HOUR = strip(Span(MIDDLE, MIDDLE + timedelta(hours=1)), ZoneInfo("UTC"), most=31)
PLACE = cursor((MIDDLE, ROWS // 2))
QUESTIONS: dict[str, tuple[Callable[[], object], set[str]]] = {
    f"{name}, {clock}": (
        ask,
        {
            f"people_fact_{clock}",
        },
    )
    for clock in Clock
    for name, ask in {
        "a page": lambda clock=clock: axis.facts(Asked("long", SPAN, clock), Wanted()),
        "a page behind": lambda clock=clock: axis.facts(
            Asked("long", SPAN, clock), Wanted(after=PLACE)
        ),
        "a page before": lambda clock=clock: axis.facts(
            Asked("long", SPAN, clock), Wanted(before=PLACE)
        ),
        "a page of one line": lambda clock=clock: axis.facts(
            Asked("long", SPAN, clock, ["privacy"]), Wanted(after=PLACE)
        ),
        "the counts": lambda clock=clock: axis.counts(Asked("long", SPAN, clock), HOUR),
        "all facts of some lines": lambda clock=clock: axis.all_facts(
            "c-500", ["consent", "privacy"]
        ),
        "the ends": lambda clock=clock: axis.ends("long", clock),
    }.items()
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUESTIONS)
def test_an_index_answers_each_question(full: None, name: str) -> None:
    ask, expected = QUESTIONS[name]

    asked = [node for plan in plans(ask) for node in nodes(plan)]

    used = {n["Index Name"] for n in asked if "Index Name" in n}
    assert used == expected or ("all facts" in name and used)
    assert "Seq Scan" not in {node["Node Type"] for node in asked}
    # what is sorted has come through a limit: a page of each line
    if "page" in name:
        assert all(
            _is_limited(node) for node in asked if node["Node Type"] == "Index Scan"
        )


def _is_limited(node: dict[str, Any]) -> bool:
    """Read in the index's order: by a condition on the line and on its place."""
    return "lane" in node["Index Cond"] and "_at" in node["Index Cond"]


@pytest.mark.django_db
def test_a_page_sorts_no_more_than_a_page_of_each_line(full: None) -> None:
    for plan in plans(lambda: axis.facts(Asked("long", SPAN), Wanted(after=PLACE))):
        sorts = [n for n in nodes(plan) if "Sort" in n["Node Type"]]
        limits = [n for n in nodes(plan) if n["Node Type"] == "Limit"]
        assert len(sorts) == 1
        assert len(limits) == 2
        assert all(_is_above(sort, limits[1]) for sort in sorts)


def _is_above(node: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(inner is other for inner in nodes(node))
