"""Violations, and where each stands: the same as `teddy_es.domain.violations.follow` makes of the events, with who and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.people.models import State, Violation
from audit.people.writing import occurred, own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published

Key = tuple[str, str]
ABOUT: Final = (
    SafetyViolationDetected,
    SafetyViolationAcknowledged,
    SafetyViolationEscalated,
    SafetyViolationClaimed,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)


class Violations(Projection):
    """A row for each violation that was detected. An event about one that never was is a fact, too, and makes no row."""

    name = "violations"
    models = (Violation,)
    types = ABOUT

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        rows = _rows({_key(event) for event in events})
        for event in events:
            if isinstance(event.event, SafetyViolationDetected):
                rows[_key(event)] = _detected(event, event.event)
            elif row := rows.get(_key(event)):
                _change(row, event)
        put(Violation, rows.values())


def _key(event: Published) -> Key:
    violation_id: str = event.event.violation_id  # type: ignore[attr-defined]
    return own_id(event), violation_id


def _rows(keys: set[Key]) -> dict[Key, Violation]:
    found = Violation.objects.filter(pk__in=list(keys))
    return {(row.child_id, row.violation_id): row for row in found}


def _detected(event: Published, detected: SafetyViolationDetected) -> Violation:
    """A second detection of the same id begins anew, as in the aggregate."""
    return Violation(
        child_id=own_id(event),
        violation_id=detected.violation_id,
        category=detected.category,
        severity=detected.severity,
        detector=detected.detector,
        conversation_id=detected.conversation_id,
        message_id=detected.message_id,
        state=State.DETECTED,
        detected_at=event.recorded_at,
        detected_occurred_at=occurred(event),
        detected_position=place(event),
    )


def _change(row: Violation, event: Published) -> None:
    at, position = event.recorded_at, place(event)
    match event.event:
        case SafetyViolationAcknowledged() as seen:
            row.acknowledged_by = seen.officer
            row.acknowledged_at, row.acknowledged_position = at, position
            if row.state == State.DETECTED:
                row.state = State.ACKNOWLEDGED
        case SafetyViolationEscalated() as escalated:
            row.levels = [*row.levels, escalated.level]
        case SafetyViolationClaimed() as claimed:
            row.claimed_by = claimed.officer
            row.claimed_at, row.claimed_position = at, position
        case SafetyViolationReleased():
            row.claimed_by = row.claimed_at = row.claimed_position = None
        case SafetyViolationResolved() as resolved:
            _decide(row, resolved)
            row.decided_at, row.decided_position = at, position
        case SafetyViolationReopened():
            _reopen(row)
            row.reopened_at, row.reopened_position = at, position


def _decide(row: Violation, resolved: SafetyViolationResolved) -> None:
    row.state = State.RESOLVED
    row.decided_by = resolved.officer
    row.outcome, row.clause = resolved.outcome, resolved.clause
    row.claimed_by = row.claimed_at = row.claimed_position = None


def _reopen(row: Violation) -> None:
    """From the beginning: what was acknowledged and decided before is history, which the events tell."""
    row.state = State.DETECTED
    row.levels = []
    row.acknowledged_by = row.acknowledged_at = row.acknowledged_position = None
    row.decided_by = row.decided_at = row.decided_position = None
    row.outcome = row.clause = None
