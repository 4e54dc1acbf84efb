"""What the read models say of people is what a fold of their events says, and names nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.people.accesses import Accesses
from audit.people.models import Access, Child, Consent, Conversation, State, Violation
from eventstore.conf import places
from eventstore.privacy.reaching import look
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationEnded,
    MessageScreened,
    TeddyReplied,
)
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families

NOBODYS = {"people_hourcount", "people_approval"}  # their rows are about nobody


def test_a_child_is_its_newest_registrations(families: Families) -> None:
    families.registers("c-1", "p-1", language="de")
    second = families.registers("c-1", "p-2")
    families.registers("c-2", "p-1")

    handle("children")

    rows = Child.objects.in_bulk()
    assert {key: row.parent_id for key, row in rows.items()} == {
        "c-1": "p-2",
        "c-2": "p-1",
    }
    assert rows["c-1"].language is None
    assert rows["c-1"].registered_at == second.recorded_at
    assert rows["c-1"].known_at < second.recorded_at


@pytest.mark.parametrize("event", ["detected", "profile"])
def test_a_child_whom_nobody_registered_is_known_and_nobodys(
    families: Families, event: str
) -> None:
    if event == "detected":
        families.detects("c-1", "v-1")
    else:
        families.happens("child.c-1", ChildProfileUpdated(changes={"name": "Mia"}))

    handle("children")

    child = Child.objects.get(child_id="c-1")
    assert (child.parent_id, child.registered_at) == (None, None)


def test_a_conversation_counts_what_was_said_and_what_nobody_has_judged(
    families: Families,
) -> None:
    stream = "conversation.t-1"
    families.talks("t-1", "c-1", "Hello", "Teddy?")
    families.happens(stream, TeddyReplied(child_id="c-1", text="Yes"))
    handle("conversations")  # the counts go on from rows that are there
    for version in (2, 2, 4, 1, 99):
        families.happens(stream, screened(version))
    families.happens(stream, ChildSpoke(child_id="c-1", text="Bye"))
    end = families.happens(stream, ConversationEnded(child_id="c-1", reason="timeout"))

    handle("conversations")

    [row] = Conversation.objects.all()
    assert (row.child_id, row.messages, row.unscreened) == ("c-1", 4, [3, 10])
    assert (row.end_reason, row.ended_at) == ("timeout", end.recorded_at)
    assert row.started_at == row.known_at
    assert not row.names_others


def screened(version: int) -> MessageScreened:
    return MessageScreened(
        child_id="c-1", message_version=version, detector="d", policy_version="1"
    )


def test_a_conversation_that_names_another_child_says_so(families: Families) -> None:
    families.talks("t-1", "c-1", "Hello")
    families.happens("conversation.t-1", ChildSpoke(child_id="c-2", text="I am here"))

    handle("conversations")

    [row] = Conversation.objects.all()
    assert (row.child_id, row.names_others) == ("c-1", True)


def test_a_violation_stands_where_its_events_leave_it(families: Families) -> None:
    about = {"violation_id": "v-1", "officer": "o-1"}
    families.registers("c-1", "p-1")
    families.detects("c-1", "v-1", conversation_id="t-1")
    families.happens(
        "child.c-1",
        SafetyViolationAcknowledged(**about),
        SafetyViolationClaimed(**about),
        SafetyViolationEscalated(violation_id="v-1", level="overdue_50"),
    )
    handle("violations")
    [seen] = Violation.objects.all()
    decided = families.happens(
        "child.c-1", SafetyViolationResolved(**about, outcome="confirmed", clause="s.4")
    )
    handle("violations")
    [closed] = Violation.objects.all()
    families.happens("child.c-1", SafetyViolationReopened(**about))
    handle("violations")
    [again] = Violation.objects.all()

    assert (seen.state, seen.claimed_by) == (State.ACKNOWLEDGED, "o-1")
    assert seen.levels == ["overdue_50"]
    assert (closed.state, closed.claimed_by) == (State.RESOLVED, None)
    assert (closed.outcome, closed.clause) == ("confirmed", "s.4")
    assert closed.decided_at == decided.recorded_at
    assert (again.state, again.outcome, again.levels) == (State.DETECTED, None, [])
    assert again.reopened_at is not None
    assert again.acknowledged_at is None


def test_who_gives_a_violation_back_works_on_it_no_more(families: Families) -> None:
    about = {"violation_id": "v-1", "officer": "o-1"}
    families.detects("c-1", "v-1")
    families.happens(
        "child.c-1", SafetyViolationClaimed(**about), SafetyViolationReleased(**about)
    )

    handle("violations")

    [row] = Violation.objects.all()
    assert (row.claimed_by, row.claimed_at) == (None, None)


def test_a_violations_id_is_the_childs_own(families: Families) -> None:
    families.detects("c-1", "v-1")
    families.detects("c-2", "v-1", severity="low")
    families.happens(
        "child.c-2", SafetyViolationAcknowledged(violation_id="v-2", officer="o-1")
    )

    handle("violations")

    found = {row.pk: row.severity for row in Violation.objects.all()}
    assert found == {("c-1", "v-1"): "high", ("c-2", "v-1"): "low"}


def test_each_consent_is_a_row_that_says_how_it_ended(families: Families) -> None:
    families.withdraws("p-1", "c-1")  # of nothing: no row
    families.allows("p-1", "c-1")
    handle("consents")
    families.allows("p-1", "c-1", policy="2")
    families.withdraws("p-1", "c-1")
    families.allows("p-1", "c-1", policy="2")
    families.allows("p-1", "c-2")
    families.allows("p-2", "c-1", "profiling")

    handle("consents")

    rows = Consent.objects.order_by("parent_id", "version")
    assert [
        (r.pk, r.child_id, r.policy_version, bool(r.replaced_at), bool(r.withdrawn_at))
        for r in rows
    ] == [
        (("p-1", 2), "c-1", "1", True, False),
        (("p-1", 3), "c-1", "2", False, True),
        (("p-1", 5), "c-1", "2", False, False),
        (("p-1", 6), "c-2", "1", False, False),
        (("p-2", 1), "c-1", "1", False, False),
    ]


def test_an_access_is_a_row_for_each_person(families: Families) -> None:
    looked = families.looks("ada", "c-1", "c-2", "c-1", object="child.c-1")
    families.looks("ada", "c-1", kind="reveal")
    families.looks("ada")

    handle("accesses")

    rows = Access.objects.order_by("recorded_at", "subject")
    assert [(row.subject, row.kind, row.object) for row in rows] == [
        ("c-1", "view", "child.c-1"),
        ("c-2", "view", "child.c-1"),
        ("c-1", "reveal", None),
    ]
    assert rows[0].recorded_at == looked.recorded_at


# counts of hours, and who asked for and answered what: its object may name a child, whom no column is about
NOBODYS = {"people_hourcount", "people_approval"}


def test_an_erasure_counts_the_rows_of_a_person_and_leaves_them(
    families: Families,
) -> None:
    families.registers("c-1", "p-1")
    families.talks("t-1", "c-1", "Hello")
    families.talks("t-2", "c-2", "Hello")
    families.detects("c-1", "v-1")
    families.allows("p-1", "c-1")
    families.looks("ada", "c-1", "p-1")
    handle()

    counts = {
        person: {
            one.place: one.count
            for one in look(person, []).found
            if one.place.startswith("people_") and one.count
        }
        for person in ("c-1", "p-1")
    }

    assert counts["c-1"] == {
        "people_child": 1,
        "people_conversation": 1,
        "people_violation": 1,
        "people_violationstep": 1,
        "people_access": 1,
        "people_fact": 5,
    }
    assert counts["p-1"] == {
        "people_consent": 1,
        "people_access": 1,
        "people_fact": 1,
    }
    assert all(
        str(place.reach) == "stays"
        for place in places().places
        if place.name.startswith("people_") and place.name not in NOBODYS
    )


@pytest.mark.parametrize("at_once", [1, 2, 3, 5])
def test_looks_are_the_same_however_many_are_written_at_once(
    families: Families, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(Accesses, "at_once", at_once)
    families.looks("ada", "c-1", "c-2", "c-1", reference="case/1")
    families.looks("ada")
    families.looks("bo", "c-2", kind="reveal", object="conversation.t-1")
    families.looks("bo", "c-3", "c-1")

    handle("accesses")

    rows = Access.objects.order_by("actor", "position", "subject")
    assert [(row.actor, row.subject, row.reference, row.object) for row in rows] == [
        ("ada", "c-1", "case/1", None),
        ("ada", "c-2", "case/1", None),
        ("bo", "c-2", None, "conversation.t-1"),
        ("bo", "c-1", None, None),
        ("bo", "c-3", None, None),
    ]
