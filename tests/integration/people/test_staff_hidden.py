"""Parents are told what was done about their child, and when; never who of the staff did it, nor what they noted."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from audit.households import _PARENTS, reach
from eventstore.conf import registry
from eventstore.exchange.cloudevents import parse_line
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
    Violation,
)
from tests.support.callers import a_caller
from tests.support.families import handle

if TYPE_CHECKING:
    from tests.support.families import Families

OFFICER = "o-77"
NOTE = "the mother was told by telephone"
SHOWING = (
    "/streams/child.c-1/events",
    "/streams/child.c-1/events?direction=backwards",
    "/events?type=SafetyViolationResolved",
    "/events",
    "/feed?types=child",
    "/streams/child.c-1/state",
    "/streams/child.c-1/state?version=4",
    "/children/c-1/export",
)
SCOPES = {
    "opened": ["streams:read", "pii:read"],
    "sealed": ["streams:read"],
}


@pytest.fixture
def judged(families: Families) -> Families:
    """A violation that an officer has acknowledged, decided, and looks at again."""
    about = {"violation_id": "v-1", "officer": OFFICER}
    families.registers("c-1", "p-1")
    families.detects("c-1", "v-1")
    families.happens(
        "child.c-1",
        SafetyViolationAcknowledged(**about, note=NOTE),
        SafetyViolationClaimed(**about),
        SafetyViolationReleased(**about),
        SafetyViolationClaimed(**about),
        SafetyViolationResolved(**about, outcome="confirmed", note=NOTE),
        SafetyViolationReopened(**about),
        SafetyViolationClaimed(**about),
    )
    handle()
    return families


@pytest.fixture
def proposed(families: Families) -> Families:
    """A violation whose decision waits for a second person. Nobody works on it, so only who proposed it stands in the state."""
    about = {"violation_id": "v-1", "officer": OFFICER}
    families.registers("c-1", "p-1")
    families.detects("c-1", "v-1")
    families.happens(
        "child.c-1",
        SafetyViolationAcknowledged(**about),
        SafetyViolationDecisionProposed(**about, outcome="confirmed", note=NOTE),
    )
    handle()
    return families


WAITING = (
    "/streams/child.c-1/state",
    "/streams/child.c-1/events",
    "/children/c-1/export",
)


@pytest.mark.parametrize("call", WAITING)
@pytest.mark.parametrize("scopes", SCOPES)
def test_a_household_is_not_shown_whose_decision_waits(
    proposed: Families, call: str, scopes: str
) -> None:
    text = asked(call, scopes, "p-1")

    assert OFFICER not in text
    assert NOTE not in text
    assert '"withheld"' in text
    assert OFFICER in asked(call, scopes, None)


@pytest.mark.parametrize("call", SHOWING)
@pytest.mark.parametrize("scopes", SCOPES)
def test_a_household_is_not_shown_who_decided(
    judged: Families, call: str, scopes: str
) -> None:
    text = asked(call, scopes, "p-1")

    assert OFFICER not in text
    assert NOTE not in text
    assert '"withheld"' in text


@pytest.mark.parametrize("call", SHOWING)
@pytest.mark.parametrize("scopes", SCOPES)
def test_who_sees_everything_is_shown_it(
    judged: Families, call: str, scopes: str
) -> None:
    assert OFFICER in asked(call, scopes, None)


def test_all_else_of_the_event_is_as_it_was(judged: Families) -> None:
    ours, theirs = (
        json.loads(asked("/streams/child.c-1/events", "opened", bound_to))["events"]
        for bound_to in ("p-1", None)
    )

    for one in theirs:
        for name in {"officer", "note"} & one["data"].keys():
            one["data"][name] = "withheld"
    assert ours == theirs


def test_a_copy_can_be_imported_all_the_same(judged: Families) -> None:
    lines = asked("/children/c-1/export", "opened", "p-1").splitlines()

    assert len([parse_line(line.encode()) for line in lines]) == 9


def test_no_event_of_a_household_has_another_field_that_may_name_staff() -> None:
    """A new field of what staff says is looked at by somebody: it stands here, or in what is hidden."""
    harmless = {
        "child_id",
        "clause",
        "detector",
        "level",
        "message_version",
        "outcome",
        "policy_version",
        "violation_id",
    }
    types = registry().event_types()
    staffs = [one for one in types if one.name not in {*chain(*_PARENTS.values())}]
    shown = [one for one in staffs if one.stream_type in _PARENTS]

    assert {one.name for one in shown} >= {"SafetyViolationResolved", "MessageScreened"}
    for one in shown:
        clear = {*one.struct.__struct_fields__} - {*one.sensitive}
        assert clear - harmless <= reach("p-1").hides, one.name


def test_no_field_of_a_violations_state_may_name_staff() -> None:
    """As above: a new field is looked at by somebody."""
    harmless = {"severity", "is_acknowledged", "is_resolved", "levels"}

    assert {*Violation.__struct_fields__} - harmless <= reach("p-1").hides


def asked(call: str, scopes: str, bound_to: str | None) -> str:
    answer: Any = a_caller(
        f"{scopes}-{bound_to}", scopes=SCOPES[scopes], bound_to=bound_to
    ).get(call)
    assert answer.status_code == 200, answer.content
    body = b"".join(answer) if answer.streaming else answer.content
    return str(body.decode())
