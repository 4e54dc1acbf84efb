"""What a transcript asks of the read models is answered by an index each, however many messages were judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit import transcript
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILL = """
    INSERT INTO people_screening (conversation_id, version, child_id, message_version, detector, policy_version,
                                  recorded_at, position)
    SELECT CASE WHEN n %% 2 = 0 THEN 'long' ELSE 't-' || n / 20 END, n, 'c-1', n - 1, 'd', '1', now(), n
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_violation (child_id, violation_id, category, severity, detector, state, levels, detected_at,
                                  detected_occurred_at, detected_position, conversation_id)
    SELECT 'c-' || n / 20, 'v-' || n, 'other', 'low', 'd', 'resolved', '{}', now(), now(), n, 't-' || n / 20
      FROM generate_series(1, %(rows)s) n;
    ANALYZE people_screening, people_violation;
"""
QUESTIONS: dict[str, tuple[Callable[[], object], str]] = {
    "what was judged": (
        lambda: transcript._judged("long", list(range(9_000, 9_050))),
        "people_screening_message",
    ),
    "what was found": (
        lambda: transcript.found_in("t-500", "c-500"),
        "people_violation_",
    ),
}


@pytest.fixture(scope="module")
def full(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    del django_db_setup
    with django_db_blocker.unblock(), connection.cursor() as db:
        as_new(db)
        db.execute(FILL, {"rows": 20_000})
        yield
        db.execute("TRUNCATE people_screening, people_violation")


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUESTIONS)
def test_an_index_answers_each_question(full: None, name: str) -> None:
    ask, index = QUESTIONS[name]

    asked = [node for plan in plans(ask) for node in nodes(plan)]

    used = [node["Index Name"] for node in asked if "Index Name" in node]
    assert used
    assert all(one.startswith(index) for one in used)
    assert "Seq Scan" not in {node["Node Type"] for node in asked}
