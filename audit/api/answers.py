"""What the lists show of a row: never an officer, and no number of a place in the log, which would tell how much others write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from eventstore.api.shapes import Instant
from eventstore.events import written

if TYPE_CHECKING:
    from datetime import datetime

    from audit.people.lists import AccessRow, ConsentRow, ConversationRow, ViolationRow


class ConversationSeen(msgspec.Struct, frozen=True):
    """A conversation. started_at, ended_at: when that happened; unscreened: messages that no safety filter has judged yet."""

    conversation_id: str
    language: str | None
    started_at: Instant | None
    ended_at: Instant | None
    end_reason: str | None
    recorded_at: Instant
    messages: int
    unscreened: int


class ViolationSeen(msgspec.Struct, frozen=True):
    """A safety violation, and where it stands. *_at: when the log took it; occurred_at: when it happened."""

    violation_id: str
    category: str
    severity: str
    state: str
    conversation_id: str | None
    occurred_at: Instant
    detected_at: Instant
    acknowledged_at: Instant | None
    claimed_at: Instant | None
    decided_at: Instant | None
    reopened_at: Instant | None
    outcome: str | None


class ConsentSeen(msgspec.Struct, frozen=True):
    """What was allowed for a child: from granted to withdrawn, or to replaced by the same under another policy."""

    child_id: str
    scope: str
    policy_version: str
    granted_at: Instant
    withdrawn_at: Instant | None
    replaced_at: Instant | None


class AccessSeen(msgspec.Struct, frozen=True):
    """Somebody looked: when, at what kind of thing, why, and whether it was a person or a program. Never who."""

    recorded_at: Instant
    kind: str
    purpose: str
    by: str


def conversation_seen(row: ConversationRow) -> ConversationSeen:
    """Of a row."""
    return ConversationSeen(
        row.conversation_id,
        row.language,
        _time(row.started_occurred_at),
        _time(row.ended_occurred_at),
        row.end_reason,
        written(row.known_at),
        row.messages,
        row.unscreened,
    )


def violation_seen(row: ViolationRow) -> ViolationSeen:
    """Of a row."""
    return ViolationSeen(
        row.violation_id,
        row.category,
        row.severity,
        row.state,
        row.conversation_id,
        written(row.detected_occurred_at),
        written(row.detected_at),
        _time(row.acknowledged_at),
        _time(row.claimed_at),
        _time(row.decided_at),
        _time(row.reopened_at),
        row.outcome,
    )


def consent_seen(row: ConsentRow) -> ConsentSeen:
    """Of a row."""
    return ConsentSeen(
        row.child_id,
        row.scope,
        row.policy_version,
        written(row.granted_at),
        _time(row.withdrawn_at),
        _time(row.replaced_at),
    )


def access_seen(row: AccessRow) -> AccessSeen:
    """Of a row."""
    return AccessSeen(written(row.recorded_at), row.kind, row.purpose, row.actor_kind)


def _time(instant: datetime | None) -> str | None:
    return None if instant is None else written(instant)
