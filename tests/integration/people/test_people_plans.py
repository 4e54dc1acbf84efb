"""Each list of the read models, and each question of a household's reach, is answered by an index: nothing is sorted, no table is read through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit.people import belonging, lists
from audit.people.consents import _in_force
from audit.people.violations import _rows
from eventstore.queries.keyset import Wanted, cursor
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 20_000
MIDDLE = datetime(2026, 11, 20, 2, 46, 40, tzinfo=UTC)
FILL = """
    INSERT INTO people_child
    SELECT 'c-' || n, 'p-' || n / 2, 'de', now(), n, '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', n
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_conversation (conversation_id, child_id, names_others, messages, unscreened, known_at, known_position)
    SELECT 't-' || n, 'c-' || n / 20, false, 2, '{}', '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', n
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_violation (child_id, violation_id, category, severity, detector, state, levels, detected_at,
                                  detected_occurred_at, detected_position)
    SELECT 'c-' || n / 20, 'v-' || n, 'other', 'low', 'd', 'resolved', '{}',
           '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', now(), n
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_consent (parent_id, version, child_id, scope, policy_version, granted_at, granted_position)
    SELECT 'p-' || n / 20, n, 'c-' || n / 20, 'profiling', '1', now(), n FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_access (subject, recorded_at, position, kind, purpose, actor, actor_kind)
    SELECT 'c-' || n / 200, '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', n, 'view', 'audit', 'ada',
           CASE WHEN n %% 50 = 0 THEN 'officer' ELSE 'service' END
      FROM generate_series(1, %(rows)s) n;
    ANALYZE people_child, people_conversation, people_violation, people_consent, people_access;
"""


@pytest.fixture
def full(db: None) -> None:
    with connection.cursor() as cursor_:
        as_new(cursor_)
        cursor_.execute(FILL, {"rows": ROWS})


def page(*key: Any) -> Wanted:
    return Wanted(after=cursor(key), size=10)


QUESTIONS: dict[str, Callable[[], object]] = {
    "a child": lambda: lists.child_of("c-500"),
    "conversations": lambda: lists.conversations(Wanted(), "c-500"),
    "conversations behind": lambda: lists.conversations(page(MIDDLE, "t-9"), "c-500"),
    "conversations of it alone": lambda: lists.conversations(
        page(MIDDLE, "t-9"), "c-500", of_it_alone=True
    ),
    "violations": lambda: lists.violations(page(MIDDLE, "v-9"), "c-500"),
    "consents": lambda: lists.consents(page(9), "p-500"),
    "accesses": lambda: lists.accesses(page(MIDDLE, 9), "c-50"),
    "accesses of staff": lambda: lists.accesses(page(MIDDLE, 9), "c-50", by="officer"),
    "children of a household": lambda: belonging.children_of("p-250", ["c-500"]),
    "conversations of a household": lambda: belonging.conversations_of(
        "p-250", [f"t-{n}" for n in range(10)]
    ),
    "what a household covers": lambda: belonging.covered(
        "p-250", ["c-500"], [f"t-{n}" for n in range(10)]
    ),
    "streams of a household": lambda: belonging.streams_of("p-250"),
    "a child that is talked of": lambda: belonging.is_talked_of("c-500"),
    "violations that change": lambda: _rows({("c-500", f"v-{n}") for n in range(10)}),
    "consents that change": lambda: _in_force({"p-500"}),
}


# In which order a list is read; the other questions have few answers, whichever index finds them.
INDEXES = {
    "conversations": {"people_conversation_child"},
    "conversations behind": {"people_conversation_child"},
    "conversations of it alone": {"people_conversation_child"},
    "violations": {"people_violation_child"},
    "consents": {"people_consent_pkey"},
    "accesses": {"people_access_pkey"},
    "accesses of staff": {"people_access_kind"},
    "streams of a household": {"people_child_parent", "people_conversation_child"},
}


@pytest.mark.usefixtures("full")
def test_an_index_answers_each_question_in_its_order() -> None:
    found, kinds = {}, set()
    for name, ask in QUESTIONS.items():
        asked = [node for plan in plans(ask) for node in nodes(plan)]
        found[name] = {node["Index Name"] for node in asked if "Index Name" in node}
        kinds |= {node["Node Type"] for node in asked}

    assert {name: found[name] for name in INDEXES} == INDEXES
    assert all(found.values())
    assert not kinds & {"Seq Scan", "Sort", "Incremental Sort"}
