"""Every page says the same of where a case stands: the queue by its row, a moment by its facts, both as the aggregate has it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.cases import Stands, besides, escalated, told, word
from audit.children.as_of import state
from audit.children.axis import FactRow
from audit.people.facts import _told as fact_of
from audit.people.violations import _change, _detected, _keep_up
from audit.violations.rows import QueueRow
from eventstore.bus import Published
from eventstore.events import Position
from teddy_es.domain.child import Child
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationDecisionRefused,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DONE: dict[str, Any] = {"violation_id": "v-1", "officer": "officer-2"}
DETECTED = SafetyViolationDetected(
    violation_id="v-1", category="other", severity="high", detector="d"
)
SEEN = SafetyViolationAcknowledged(**DONE)
CLAIMED = SafetyViolationClaimed(**DONE)
PROPOSED = SafetyViolationDecisionProposed(**DONE, outcome="confirmed")
REFUSED = SafetyViolationDecisionRefused(**DONE, note="no")
RESOLVED = SafetyViolationResolved(**DONE, outcome="confirmed")


def escalates(level: Any) -> SafetyViolationEscalated:
    return SafetyViolationEscalated(violation_id="v-1", level=level)


ESCALATED = escalates("overdue_50")
EVENTS = st.lists(
    st.sampled_from(
        [
            DETECTED,
            SafetyViolationDetected(
                violation_id="v-1", category="other", severity="critical", detector="d"
            ),
            SEEN,
            CLAIMED,
            PROPOSED,
            REFUSED,
            RESOLVED,
            SafetyViolationReleased(**DONE),
            SafetyViolationReopened(**DONE),
            *(ESCALATED, escalates("overdue_100"), escalates("manual")),
        ]
    ),
    max_size=15,
)


def published(n: int, event: Any) -> Published:
    at = NOON + timedelta(seconds=n)
    position = Position("eventstore.child", 0, n)
    return Published(
        event, UUID(int=n), "child.c-1", n + 1, position, at, occurred_at=at
    )


def by_the_row(events: Sequence[Any]) -> Stands:
    """As queue, case and conversation read it."""
    row = _detected(published(0, events[0]), events[0])
    _keep_up(row, published(0, events[0]))
    for n, event in enumerate(events[1:], 1):
        _change(row, published(n, event))
        _keep_up(row, published(n, event))
    known: dict[str, Any] = {
        one.name: getattr(row, one.name, None) for one in fields(QueueRow)
    }
    return QueueRow(**known).stands


def by_the_facts(events: Sequence[Any]) -> str:
    """As the page of a moment says it."""
    facts = [
        FactRow(
            fact.position,
            fact.lane,
            fact.kind,
            fact.version,
            fact.recorded_at,
            fact.occurred_at,
            fact.about,
            None,
        )
        for n, event in enumerate(events)
        for fact in [fact_of(published(n, event), event)]
    ]
    [value] = state(facts).values()
    return value.words.partition(": ")[2]


@given(EVENTS)
def test_queue_case_and_moment_say_the_same_as_the_aggregate(
    events: Sequence[Any],
) -> None:
    every, child = [DETECTED, *events], Child("c-1")
    for event in every:
        child.apply(event)
    found = child.state.violations["v-1"]

    stands = by_the_row(every)

    assert by_the_facts(every) == told(stands)
    assert stands.is_open == (not found.is_resolved)
    assert stands.is_proposed == (found.proposed_by is not None)
    assert stands.claimed_by == found.claimed_by
    assert stands.is_seen == found.is_acknowledged
    assert list(stands.levels) == found.levels


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], "unclaimed"),
        ([SEEN], "seen, unclaimed"),
        ([SEEN, CLAIMED], "claimed by officer-2"),
        ([SEEN, PROPOSED], "decision proposed"),
        # an escalation by the clock takes nothing away
        ([SEEN, CLAIMED, ESCALATED], "claimed by officer-2, escalated at 50 %"),
        (
            [CLAIMED, PROPOSED, ESCALATED, escalates("overdue_100")],
            "decision proposed, claimed by officer-2, escalated at 50 %, 100 %",
        ),
        ([SEEN, PROPOSED, REFUSED], "seen, unclaimed"),
        ([SEEN, ESCALATED, RESOLVED], "closed"),
        ([RESOLVED, SafetyViolationReopened(**DONE)], "unclaimed, reopened"),
    ],
)
def test_where_a_case_stands_in_words(events: list[Any], expected: str) -> None:
    assert told(by_the_row([DETECTED, *events])) == expected
    assert by_the_facts([DETECTED, *events]) == expected


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (["manual"], "escalated by hand"),
        (["overdue_50"], "escalated at 50 %"),
        (["overdue_50", "manual", "manual"], "escalated at 50 % and by hand"),
    ],
)
def test_an_escalation_says_by_what(levels: list[str], expected: str) -> None:
    assert escalated(levels) == expected


def test_an_account_is_called_as_the_viewer_calls_it() -> None:
    stands = Stands(claimed_by="officer-2", is_proposed=True)

    assert word(Stands(claimed_by="officer-2"), lambda _: "you") == "Claimed by you"
    assert besides(stands, lambda _: "you") == ["claimed by you"]
