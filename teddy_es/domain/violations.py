"""What is found and decided about a child's safety: the events, and where a violation stands. Stream: `child.{id}`."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from eventstore.registry import Event
from teddy_es.domain.fields import Code, Id, Words

Category = Literal[
    "self_harm",
    "manipulation",
    "violence",
    "sexual_content",
    "personal_information",
    "bullying",
    "dangerous_activity",
    "hate",
    "inappropriate_language",
    "stranger_contact",
    "other",
]
Severity = Literal["low", "medium", "high", "critical"]
Level = Literal["overdue_50", "overdue_100", "overdue_150", "manual"]
Outcome = Literal["confirmed", "false_positive", "cannot_decide"]

FOUR_EYES: Final[frozenset[Severity]] = frozenset({"high", "critical"})
"""A violation that is so severe is closed by two persons."""
_FROM_LOW: Final[tuple[Severity, ...]] = get_args(Severity)


class SafetyViolationDetected(Event, frozen=True, kw_only=True):
    """A detector found something in what was said that must be looked at."""

    violation_id: Code
    category: Category
    severity: Severity
    detector: Code
    rule: Code | None = None
    conversation_id: Id | None = None
    message_id: Code | None = None
    excerpt: Words | None = None


class SafetyViolationAcknowledged(Event, frozen=True, kw_only=True):
    """An officer has seen it."""

    violation_id: Code
    officer: Code
    note: Words | None = None


class SafetyViolationEscalated(Event, frozen=True, kw_only=True):
    """It waited for too long, or somebody asked for more attention."""

    violation_id: Code
    level: Level
    reason: Words | None = None


class SafetyViolationClaimed(Event, frozen=True, kw_only=True):
    """An officer works on it."""

    violation_id: Code
    officer: Code


class SafetyViolationReleased(Event, frozen=True, kw_only=True):
    """An officer no longer works on it."""

    violation_id: Code
    officer: Code


class SafetyViolationReopened(Event, frozen=True, kw_only=True):
    """A resolved one is looked at again."""

    violation_id: Code
    officer: Code
    note: Words | None = None


class SafetyViolationResolved(Event, frozen=True, kw_only=True):
    """An officer decided what it was."""

    violation_id: Code
    officer: Code
    outcome: Outcome
    clause: Code | None = None
    note: Words | None = None


class SafetyViolationDecisionProposed(Event, frozen=True, kw_only=True):
    """An officer would decide it so. It needs a second person, and stays open until that one agrees."""

    violation_id: Code
    officer: Code
    outcome: Outcome
    clause: Code | None = None
    note: Words | None = None


class SafetyViolationDecisionRefused(Event, frozen=True, kw_only=True):
    """The second person does not agree with what was proposed, and says why."""

    violation_id: Code
    officer: Code
    note: Words


class Violation(msgspec.Struct):
    """Where a violation stands. claimed_by: the officer who works on it; proposed_by: whose decision waits for a second person."""

    severity: Severity
    is_acknowledged: bool = False
    is_resolved: bool = False
    claimed_by: str | None = None
    levels: list[Level] = []
    proposed_by: str | None = None


def graver(one: Severity, other: Severity) -> Severity:
    """The higher of the two."""
    return max(one, other, key=_FROM_LOW.index)


def follow(violation: Violation, event: msgspec.Struct) -> None:
    """Evolve a violation by one of these events. Whatever somebody does behind a proposal ends it; the clock does not.

    Who detects it once more can make it graver. That makes nothing undone, and nothing less.
    """
    if not is_the_clocks(event):
        violation.proposed_by = _proposer(event)
    if isinstance(event, SafetyViolationDetected):
        violation.severity = graver(violation.severity, event.severity)
    else:
        _act(violation, event)


def _act(violation: Violation, event: msgspec.Struct) -> None:
    match event:
        case SafetyViolationAcknowledged():
            violation.is_acknowledged = True
        case SafetyViolationClaimed():
            violation.claimed_by = event.officer
        case SafetyViolationReleased():
            violation.claimed_by = None
        case SafetyViolationEscalated():
            violation.levels.append(event.level)
        case SafetyViolationResolved():
            violation.is_resolved = True
            violation.claimed_by = None
        case SafetyViolationReopened():
            violation.is_resolved = violation.is_acknowledged = False
            violation.levels.clear()


def is_the_clocks(event: object) -> bool:
    """Whether nobody did this: time went by."""
    return isinstance(event, SafetyViolationEscalated) and event.level != "manual"


def _proposer(event: object) -> str | None:
    return event.officer if isinstance(event, SafetyViolationDecisionProposed) else None
