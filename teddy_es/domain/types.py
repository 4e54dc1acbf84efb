"""The domain's registry: every stream and event type, and whom an event is about.

A stream type's number is part of every position in the log. It is given once and never changed or reused;
a golden test pins them.
"""

from __future__ import annotations

from typing import Final

from eventstore.registry import Event, Registry
from teddy_es.domain import (
    access,
    approval,
    child,
    conversation,
    parent,
    privacy,
    violations,
)
from teddy_es.domain.fields import is_id

_NUMBERS: Final = {
    "child": 1,
    "conversation": 2,
    "parent": 3,
    "privacy": 4,
    "approval": 5,
    "access": 6,
}

# stream type → (field with the subject's id, "" being the stream's own and None nobody; events)
_EVENTS: Final[dict[str, tuple[str | None, tuple[type[Event], ...]]]] = {
    "child": (
        "",
        (
            child.ChildRegistered,
            child.ChildProfileUpdated,
            violations.SafetyViolationDetected,
            violations.SafetyViolationAcknowledged,
            violations.SafetyViolationEscalated,
            violations.SafetyViolationClaimed,
            violations.SafetyViolationReleased,
            violations.SafetyViolationReopened,
            violations.SafetyViolationResolved,
        ),
    ),
    "conversation": (
        "child_id",
        (
            conversation.ConversationStarted,
            conversation.ChildSpoke,
            conversation.TeddyReplied,
            conversation.ConversationEnded,
        ),
    ),
    "parent": (
        "",
        (
            parent.ParentRegistered,
            parent.ConsentGranted,
            parent.ConsentWithdrawn,
            parent.ErasureRequested,
        ),
    ),
    "privacy": (
        None,
        (privacy.ErasureCompleted, privacy.HoldPlaced, privacy.HoldLifted),
    ),
    "approval": (
        None,
        (
            approval.ApprovalRequested,
            approval.ApprovalDecided,
            approval.ApprovalExpired,
        ),
    ),
    "access": (None, (access.DataAccessed,)),
}


def _filled() -> Registry:
    filled = Registry()
    for name, number in _NUMBERS.items():
        filled.stream_type(name, number=number, takes_id=is_id)
    for stream_type, (subject, structs) in _EVENTS.items():
        for struct in structs:
            filled.event_type(struct, stream_type=stream_type, subject=subject)
    return filled


registry: Final = _filled()
"""What EVENTSTORE["REGISTRY"] names."""
