"""What happens to a child, and what was found and decided about its safety. Stream: `child.{id}`."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from eventstore.registry import SENSITIVE, Event
from teddy_es.domain.fields import Code, Id, Name, Words

Category = Literal[
    "self_harm",
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

Changes = Annotated[
    dict[Code, Annotated[str, msgspec.Meta(max_length=1_000)] | None],
    SENSITIVE,
    msgspec.Meta(min_length=1, max_length=100),
]
"""Field → new value; None where it was taken away."""


class ChildRegistered(Event, frozen=True, kw_only=True):
    """A parent registered the child."""

    parent_id: Id
    name: Name
    birth_date: Annotated[datetime.date, SENSITIVE] | None = None
    language: Code | None = None


class ChildProfileUpdated(Event, frozen=True, kw_only=True):
    """Something that is known of the child changed."""

    changes: Changes


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
