"""What needs four eyes: asked by one person, decided by another. Stream: `approval.{id}`."""

from __future__ import annotations

from typing import Literal

from eventstore.registry import Event
from teddy_es.domain.fields import Code, Instant, Words

Kind = Literal[
    "close_violation", "unmasked_export", "erasure", "lift_hold", "auditor_grant"
]
Decision = Literal["approved", "refused"]


class ApprovalRequested(Event, frozen=True, kw_only=True):
    """Somebody asked to do something that one person alone may not do."""

    kind: Kind
    object: Code
    requested_by: Code
    expires_at: Instant
    reason: Words


class ApprovalDecided(Event, frozen=True, kw_only=True):
    """Somebody else said yes or no."""

    decision: Decision
    decided_by: Code
    note: Words | None = None


class ApprovalExpired(Event, frozen=True, kw_only=True):
    """Nobody decided in time."""
