"""A token of a household sees its own streams and no others, and what the read models do not know yet is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from audit.households import (
    DETECTED_ALREADY,
    NOT_ITS_OWN,
    NOT_ITS_WORD,
    NOT_OVER_HTTP,
    NOT_THERE,
    STAFFS_WORD,
    reach,
)
from audit.people.models import Violation
from eventstore.api.reach import reach_of
from eventstore.conf import registry
from eventstore.events import Expected
from eventstore.service import get_service
from eventstore.store import get_event_store
from teddy_es.domain.child import Child
from teddy_es.domain.conversation import ChildSpoke
from teddy_es.domain.violations import SafetyViolationClaimed
from tests.support.callers import a_caller
from tests.support.families import handle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.families import Families

NEW, ANY = Expected.NO_STREAM, Expected.ANY


@pytest.fixture
def two(families: Families) -> Families:
    """Two households, a child whom nobody registered, a conversation of strangers and one that names children of both."""
    families.registers("c-1", "p-1")
    families.registers("c-2", "p-2")
    families.detects("c-3", "v-1")
    families.talks("t-1", "c-1", "Hello")
    families.talks("t-2", "c-2", "Hello")
    families.talks("t-3", "c-3", "Hello")
    families.talks("t-4", "c-4", "Hello")
    families.talks("t-5", "c-1", "Hello")
    families.happens("conversation.t-5", ChildSpoke(child_id="c-2", text="Me, too"))
    families.allows("p-1", "c-1")
    families.allows("p-2", "c-2")
    families.looks("p-1", "c-1")
    return families


STREAMS = [
    *(f"child.c-{n}" for n in range(1, 6)),
    *(f"conversation.t-{n}" for n in range(1, 7)),
    "parent.p-1",
    "parent.p-2",
    "access.p-1",
    "privacy.c-1",
    "approval.p-1",
    "order.c-1",
    "c-1",
    "child.c-1.",
    "conversation.c-1",
    "",
]


def test_a_household_covers_its_own_streams_alone(two: Families) -> None:
    handle()

    assert reach("p-1").covers(STREAMS) == {
        "child.c-1",
        "conversation.t-1",
        "parent.p-1",
    }
    assert reach("p-2").covers(STREAMS) == {
        "child.c-2",
        "conversation.t-2",
        "parent.p-2",
    }
    assert reach("p-3").covers(STREAMS) == frozenset()
    assert set(reach("p-1").streams()) == reach("p-1").covers(STREAMS)


def test_what_nobody_has_handled_yet_is_not_covered(two: Families) -> None:
    nothing = reach("p-1").covers(STREAMS)
    handle("conversations")
    talks_alone = reach("p-1").covers(STREAMS)
    handle("children")

    assert nothing == talks_alone == {"parent.p-1"}
    assert "conversation.t-1" in reach("p-1").covers(STREAMS)


def test_a_household_that_a_child_has_left_sees_it_no_more(two: Families) -> None:
    handle()
    two.registers("c-1", "p-2")
    handle()

    assert reach("p-1").covers(STREAMS) == {"parent.p-1"}
    assert "conversation.t-1" in reach("p-2").covers(STREAMS)


@pytest.mark.parametrize("many", [0, 1, 50])
def test_one_question_covers_however_many(
    two: Families, many: int, django_assert_num_queries: Any
) -> None:
    asked = [f"{kind}.x-{n}" for n in range(many) for kind in ("child", "conversation")]

    with django_assert_num_queries(1):
        reach("p-1").covers(asked)


@pytest.mark.parametrize(
    "persons", [[], ["c-1"], ["c-1", "c-2", "c-3", "p-1", "p-2", ""]]
)
def test_a_household_knows_its_parent_and_the_children_it_registered(
    two: Families, persons: list[str], django_assert_max_num_queries: Any
) -> None:
    handle()

    with django_assert_max_num_queries(2):
        assert reach("p-1").knows(persons) == {"c-1", "p-1"} & set(persons)

    assert reach(None).knows(persons) == set(persons)


def test_who_is_bound_to_nobody_sees_all_and_says_all_but_what_nobody_says(
    families: Families,
) -> None:
    everybody = reach_of(None)

    assert everybody.sees_all
    assert everybody.known_before() is None
    assert everybody.covers(["child.c-1"]) == {"child.c-1"}
    for kind in ("access", "privacy", "approval"):
        assert everybody.refuses(f"{kind}.x", ANY, []) == NOT_OVER_HTTP
    detection = ("SafetyViolationDetected", {"violation_id": "v-1"})
    assert everybody.refuses("child.c-1", ANY, [detection]) is None


def test_what_staff_does_about_a_violation_nobody_says_over_http() -> None:
    """Whatever is not a detection: a new event about violations is looked at by somebody."""
    names = {one.name for one in registry().event_types()}
    about = {one for one in names if one.startswith("SafetyViolation")}
    detection = ("SafetyViolationDetected", {"violation_id": "v-1"})

    found = {
        name: reach(None).refuses("child.c-1", ANY, [detection, (name, {})])
        for name in about
    }

    assert found == {
        **dict.fromkeys(about, STAFFS_WORD),
        "SafetyViolationDetected": None,
    }


def test_a_service_account_closes_no_violation_over_http(families: Families) -> None:
    families.detects("c-1", "v-1", severity="critical")
    data = {"violation_id": "v-1", "officer": "o", "outcome": "false_positive"}
    event = {"type": "SafetyViolationResolved", "data": data}

    answer = a_caller("detectors").post(
        "/streams/child.c-1/events", {"expected_version": "any", "events": [event]}
    )

    assert answer.status_code == 403
    assert answer.json()["reason"] == STAFFS_WORD
    assert len([*get_event_store().read("child.c-1")]) == 1


def registered(parent: Any) -> tuple[str, dict[str, Any]]:
    return "ChildRegistered", {"parent_id": parent, "name": "Mia"}


def of(kind: str, child: Any = "c-1", **rest: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"child_id": child, **rest}


def detected(**rest: Any) -> tuple[str, dict[str, Any]]:
    return "SafetyViolationDetected", {"violation_id": "v", **rest}


BEGINS = of("ConversationStarted")
SAID: dict[str, tuple[str, Expected, Sequence[Any], str | None]] = {
    "its child's profile": (
        "child.c-1",
        ANY,
        [("ChildProfileUpdated", {"changes": {}})],
        None,
    ),
    "a new child": ("child.c-9", NEW, [registered("p-1")], None),
    "a new child at version 0": (
        "child.c-9",
        Expected.version(0),
        [registered("p-1")],
        None,
    ),
    "a new child of others": ("child.c-9", NEW, [registered("p-2")], NOT_ITS_OWN),
    "a new child of no text": ("child.c-9", NEW, [registered(["p-1"])], NOT_ITS_OWN),
    "a new child anyhow": ("child.c-9", ANY, [registered("p-1")], NOT_THERE),
    "a new child of whom others talked": (
        "child.c-4",
        NEW,
        [registered("p-1")],
        NOT_THERE,
    ),
    "a new child of no id": ("child.c:9", NEW, [registered("p-1")], NOT_THERE),
    "a new conversation with the name of such a child": (
        "conversation.c-4",
        NEW,
        [BEGINS],
        None,
    ),
    "a new child that begins otherwise": ("child.c-9", NEW, [detected()], NOT_THERE),
    "a new child with nothing": ("child.c-9", NEW, [], NOT_THERE),
    "its child, given away": ("child.c-1", ANY, [registered("p-2")], NOT_ITS_OWN),
    "a foreign child": ("child.c-2", ANY, [registered("p-1")], NOT_THERE),
    "a detection": ("child.c-1", ANY, [detected()], None),
    "a detection in its conversation": (
        "child.c-1",
        ANY,
        [detected(conversation_id="t-1")],
        None,
    ),
    "a detection in a foreign conversation": (
        "child.c-1",
        ANY,
        [detected(conversation_id="t-2")],
        NOT_ITS_OWN,
    ),
    "a decision": (
        "child.c-1",
        ANY,
        [detected(), ("SafetyViolationResolved", {"violation_id": "v"})],
        NOT_ITS_WORD,
    ),
    "a judgement": ("conversation.t-1", ANY, [of("MessageScreened")], NOT_ITS_WORD),
    "its conversation": ("conversation.t-1", ANY, [of("ChildSpoke")], None),
    "a foreign child in its conversation": (
        "conversation.t-1",
        ANY,
        [of("ChildSpoke", "c-2")],
        NOT_ITS_OWN,
    ),
    "another child of its own in its conversation": (
        "conversation.t-1",
        ANY,
        [of("ChildSpoke", "c-8")],
        NOT_ITS_OWN,
    ),
    "a foreign conversation": ("conversation.t-2", ANY, [of("ChildSpoke")], NOT_THERE),
    "a new conversation": ("conversation.t-9", NEW, [BEGINS, of("ChildSpoke")], None),
    "a new conversation of two of its children": (
        "conversation.t-9",
        NEW,
        [BEGINS, of("ChildSpoke", "c-8")],
        NOT_ITS_OWN,
    ),
    "a new conversation of a foreign child": (
        "conversation.t-9",
        NEW,
        [of("ConversationStarted", "c-2")],
        NOT_ITS_OWN,
    ),
    "its parent": ("parent.p-1", ANY, [of("ConsentGranted", scope="profiling")], None),
    "its parent about a foreign child": (
        "parent.p-1",
        ANY,
        [of("ErasureRequested", "c-2")],
        NOT_ITS_OWN,
    ),
    "another parent": ("parent.p-2", ANY, [of("ConsentGranted")], NOT_THERE),
    "another parent, new": ("parent.p-9", NEW, [of("ConsentGranted")], NOT_THERE),
    "a word of another stream": ("parent.p-1", ANY, [of("ChildSpoke")], NOT_ITS_WORD),
    "who looked": ("access.p-1", NEW, [], NOT_OVER_HTTP),
    "what became of keys": ("privacy.c-1", ANY, [], NOT_OVER_HTTP),
    "what was approved": ("approval.p-1", ANY, [], NOT_OVER_HTTP),
}


def test_a_household_says_what_its_backend_knows_of_its_own(two: Families) -> None:
    two.registers("c-8", "p-1")
    handle("children", "conversations")
    household = reach("p-1")

    found = {
        name: household.refuses(stream_id, expected, events)
        for name, (stream_id, expected, events, _) in SAID.items()
    }

    assert found == {name: refusal for name, (*_, refusal) in SAID.items()}


def test_a_household_detects_nothing_twice(two: Families) -> None:
    """Whichever of the read models has heard of the first, and whoever detected it."""
    handle("children", "conversations")
    two.detects("c-1", "v-7")
    household = reach("p-1")

    def said(*ids: str) -> str | None:
        events = [detected(violation_id=one) for one in ids]
        return household.refuses("child.c-1", ANY, events)

    found = [said("v-7"), said("v-8"), said("v-8", "v-8"), said("v-1")]
    handle("violations")
    two.detects("c-1", "v-9")

    assert found == [DETECTED_ALREADY, None, DETECTED_ALREADY, None]
    assert [said("v-7"), said("v-9")] == [DETECTED_ALREADY] * 2
    assert said("v-8") is None


@pytest.mark.parametrize("id_", [None, "", "v\x00", "\ud800", ["v-1"], 7])
def test_what_can_be_no_id_of_a_violation_was_not_detected(
    two: Families, id_: Any
) -> None:
    handle("children", "conversations")

    events = [detected(violation_id=id_)] * 2
    assert reach("p-1").refuses("child.c-1", ANY, events) is None


def test_whoever_detects_it_again_takes_nothing_back(families: Families) -> None:
    claimed = SafetyViolationClaimed(violation_id="v-1", officer="ada")
    families.detects("c-1", "v-1", severity="critical")
    families.happens("child.c-1", claimed)
    handle("violations")
    first = Violation.objects.get(child_id="c-1")
    families.detects("c-1", "v-1", severity="low")
    handle("violations")

    row = Violation.objects.get(child_id="c-1")
    known = get_service().repository_for(Child).load("c-1").state.violations["v-1"]
    assert (row.severity, row.claimed_by) == ("critical", "ada")
    assert (row.due_at, row.detected_at) == (first.due_at, first.detected_at)
    assert (known.severity, known.claimed_by) == ("critical", "ada")


# ---- how far it is known


def test_nothing_is_known_before_anybody_has_followed(families: Families) -> None:
    nothing = reach("p-1").known_before()
    first = families.registers("c-1", "p-1")
    families.talks("t-1", "c-1")

    assert nothing is None  # of no event there is nothing to know
    assert reach("p-1").known_before() == first.recorded_at


def test_what_is_known_ends_where_one_read_model_is_behind(families: Families) -> None:
    families.registers("c-1", "p-1")
    talk = families.talks("t-1", "c-1")
    families.allows("p-1", "c-1")  # whose a parent's stream is, nobody has to look up
    handle("children")
    behind = reach("p-1").known_before()
    handle("conversations")

    assert behind == talk.recorded_at
    assert reach("p-1").known_before() is None


def test_a_parked_stream_holds_what_is_known(families: Families) -> None:
    handle("children", "conversations")
    first = families.registers("c-1", "p-1")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE people_child RENAME TO people_child_gone")
    try:
        handle("children")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE people_child_gone RENAME TO people_child")

    assert reach("p-1").known_before() == first.recorded_at


def test_where_the_event_of_a_parked_stream_is_not_found_nothing_is_known(
    families: Families,
) -> None:
    families.registers("c-1", "p-1")
    handle("children", "conversations")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO eventstore_parkedstream (subscription, stream_id, partition_id, position, version, event_type,"
            " error, place, attempts, failed_at) VALUES ('children', 'child.c-1', 512, 1, 1, 'x', 'x', 'x', 1, now())"
        )

    before = reach("p-1").known_before()

    first = next(iter(get_event_store().read("child.c-1")))
    assert before is not None
    assert before < first.recorded_at
