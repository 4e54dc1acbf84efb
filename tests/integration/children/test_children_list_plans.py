"""The list of children, its count, and what stands above and beside a child's axis: each question is answered by an index, at scale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit.children import heads, lists, talks
from audit.children.axis import FactRow
from audit.children.lists import ChildFilter
from audit.conversations import rows
from audit.find import persons
from eventstore.queries.keyset import Wanted, cursor
from eventstore.queries.unhandled import handled_up_to
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 20_000
FIRST = datetime(2026, 11, 20, tzinfo=UTC)
MIDDLE = FIRST + timedelta(seconds=ROWS / 2)
FILL = """
    INSERT INTO people_child
    SELECT 'c-' || n, 'p-' || n / 2, CASE WHEN n %% 50 = 0 THEN 'cy' ELSE 'de' END,
           '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', n,
           '2026-11-20T00:00Z'::timestamptz + n * interval '1 second', n
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_conversation (conversation_id, child_id, names_others, messages, unscreened, known_at, known_position)
    SELECT 't-' || n, 'c-' || n / 20, false, 2, '{}', now(), n FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_access (subject, recorded_at, position, kind, purpose, actor, actor_kind, object)
    SELECT 'c-' || n / 2000, '2026-11-20T00:00Z'::timestamptz + n * interval '1 minute', n,
           CASE WHEN n %% 100 = 0 THEN 'reveal' ELSE 'view' END, 'audit', 'ada', 'officer', 'conversation.t-' || n / 100 || '/2'
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO people_fact (child_id, position, lane, kind, version, recorded_at, occurred_at, about)
    SELECT 'c-' || n / 200, n, 'violation', 'Kind', 1, now(), now(), '{}' FROM generate_series(1, %(rows)s) n;
    ANALYZE people_child, people_conversation, people_access, people_fact;
"""
VIOLATIONS = """
    INSERT INTO people_violation (child_id, violation_id, category, severity, detector, state, levels, detected_at,
                                  detected_occurred_at, detected_position)
    SELECT 'c-' || n, 'v-' || n, 'other', 'low', 'd', CASE WHEN n %% 100 = 0 THEN 'detected' ELSE 'resolved' END, '{}',
           now(), now(), n
      FROM generate_series(1, %(rows)s) n;
    ANALYZE people_violation;
"""


@pytest.fixture(scope="module")
def full(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    del django_db_setup
    with django_db_blocker.unblock(), connection.cursor() as db:
        as_new(db)
        db.execute(FILL, {"rows": ROWS})
        db.execute(VIOLATIONS, {"rows": ROWS})
        yield
        db.execute(
            "TRUNCATE people_child, people_conversation, people_access, people_fact, people_violation"
        )


CHILD = Wanted(after=cursor((MIDDLE, "c-500")))
DAY = FactRow(20_000, "view", "Views", 0, FIRST, FIRST, {}, None)
TALK = FactRow(1, "conversation", "ConversationStarted", 1, FIRST, FIRST, {}, "t-9")
SOME = ChildFilter(registered_from=MIDDLE, registered_to=MIDDLE + timedelta(hours=1))
SPOKEN = ChildFilter(language="cy")
BOTH = ChildFilter("cy", SOME.registered_from, SOME.registered_to)
OPEN = ChildFilter(has_open=True)
Question = tuple["Callable[[], object]", set[str]]
_WAITING = {"people_violation_waiting"}
QUESTIONS: dict[str, Question] = {
    "children": (
        lambda: lists.children(ChildFilter(), Wanted()),
        {"people_child_newest", *_WAITING},
    ),
    "children behind": (
        lambda: lists.children(ChildFilter(), CHILD),
        {"people_child_newest", *_WAITING},
    ),
    "children before": (
        lambda: lists.children(ChildFilter(), Wanted(before=CHILD.after)),
        {"people_child_newest", *_WAITING},
    ),
    "of a language": (
        lambda: lists.children(SPOKEN, CHILD),
        {"people_child_language", *_WAITING},
    ),
    "registered": (
        lambda: lists.children(SOME, Wanted()),
        {"people_child_registered", *_WAITING},
    ),
    "registered behind": (
        lambda: lists.children(SOME, Wanted(after=cursor((MIDDLE, "c-1")))),
        {"people_child_registered", *_WAITING},
    ),
    "registered of a language": (
        lambda: lists.children(BOTH, Wanted()),
        {"people_child_lang_reg", *_WAITING},
    ),
    "their number": (lambda: lists.counted(ChildFilter()), {"people_child_newest"}),
    "the number registered": (lambda: lists.counted(SOME), {"people_child_registered"}),
    "languages": (lists.languages, {"people_child_language"}),
    "a head": (
        lambda: heads.head_of("c-50"),
        {
            *("people_child_pkey", "people_violation_waiting"),
            *("people_fact_happened", "people_fact_recorded"),
        },
    ),
    "talks of a page": (lambda: talks.talks_of([TALK]), {"people_conversation_pkey"}),
    "looks of a page": (lambda: talks.looks_of("c-5", [DAY]), {"people_access_kind"}),
    "a conversation": (
        lambda: rows.talk_of("t-9"),
        {
            *("people_conversation_pkey", "people_access_revealed"),
            *("people_violation_talk", "eventstore_record_pkey"),
            *("eventstore_checkpoint_pkey", "eventstore_parked_place"),
        },
    ),
    "a cut": (
        lambda: heads.cut_of_now("c-5"),
        {"eventstore_checkpoint_pkey", "eventstore_parked_due"},
    ),
    "children of parents": (
        lambda: persons.children_of(["p-7"]),
        {"people_child_parent"},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUESTIONS)
def test_an_index_answers_each_question(full: None, name: str) -> None:
    ask, expected = QUESTIONS[name]

    asked = [node for plan in plans(ask) for node in nodes(plan)]

    used = {_own(node["Index Name"]) for node in asked if "Index Name" in node}
    used -= _KEYS_OF_THE_LOG
    assert used == expected or (name == "languages" and used == {_OR})
    read = [node for node in asked if node["Node Type"] == "Seq Scan"]
    # partitions are few, and the log is empty here: what it is asked has its own tests
    log = {"eventstore_partition", "eventstore_event"}
    assert {node["Relation Name"] for node in read} <= log


# Partitions are few and the log is empty here: whether they are read whole or by their keys is the planner's choice.
_KEYS_OF_THE_LOG = {
    "eventstore_event_pkey",
    "eventstore_partition_pkey",
    "eventstore_partition_place",
}
_OR = "people_child_lang_reg"  # it begins with the language, too
_KEYS = {
    "people_child_child_id": "people_child_pkey",
    "people_conversation_conversation_id": "people_conversation_pkey",
}


def _own(name: str) -> str:
    """Django makes another index of a key that is a text, for patterns; either finds it."""
    return next((own for key, own in _KEYS.items() if name.startswith(key)), name)


@pytest.mark.django_db
def test_children_with_open_violations_come_from_these_and_are_few(full: None) -> None:
    for wanted in (Wanted(), Wanted(after=cursor(("c-500",)))):
        ask = partial(lists.children, OPEN, wanted)
        asked = [node for plan in plans(ask) for node in nodes(plan)]
        used = {node["Index Name"] for node in asked if "Index Name" in node}
        assert "people_violation_waiting" in used
        assert "Seq Scan" not in {node["Node Type"] for node in asked}


@pytest.mark.django_db
def test_a_look_up_reads_through_no_table(full: None) -> None:
    asked = [n for plan in plans(lambda: persons.with_id("c-50")) for n in nodes(plan)]

    assert "Seq Scan" not in {node["Node Type"] for node in asked}


@pytest.mark.django_db
def test_a_count_goes_no_further_than_it_says(full: None) -> None:
    assert lists.counted(ChildFilter(), most=3) == lists.Counted(3, is_all=False)
    assert lists.counted(SOME, most=3_601) == lists.Counted(3_600, is_all=True)
    assert lists.counted(SOME, most=3_600) == lists.Counted(3_600, is_all=True)
    assert lists.counted(SOME, most=3_599) == lists.Counted(3_599, is_all=False)


@pytest.mark.django_db
def test_what_a_follower_has_handled_is_a_few_rows() -> None:
    assert handled_up_to("nobody") == {}
