"""The domain's registry: every stream and event type, and whom an event is about.

A stream type's number is part of every position in the log. It is given once and never changed or reused;
a golden test pins them.
"""

from __future__ import annotations

from typing import Any, Final

from eventstore.registry import Event, PrivacyEvents, Registry
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

# stream type → (field with the subject's id, "" being the stream's own and None nobody; events by their names in the log)
_EVENTS: Final[dict[str, tuple[str | None, dict[str, type[Event]]]]] = {
    "child": (
        "",
        {
            "ChildRegistered": child.ChildRegistered,
            "ChildProfileUpdated": child.ChildProfileUpdated,
            "SafetyViolationDetected": violations.SafetyViolationDetected,
            "SafetyViolationAcknowledged": violations.SafetyViolationAcknowledged,
            "SafetyViolationEscalated": violations.SafetyViolationEscalated,
            "SafetyViolationClaimed": violations.SafetyViolationClaimed,
            "SafetyViolationReleased": violations.SafetyViolationReleased,
            "SafetyViolationReopened": violations.SafetyViolationReopened,
            "SafetyViolationDecisionProposed": violations.SafetyViolationDecisionProposed,
            "SafetyViolationDecisionRefused": violations.SafetyViolationDecisionRefused,
            "SafetyViolationResolved": violations.SafetyViolationResolved,
        },
    ),
    "conversation": (
        "child_id",
        {
            "ConversationStarted": conversation.ConversationStarted,
            "ChildSpoke": conversation.ChildSpoke,
            "MessageScreened": conversation.MessageScreened,
            "TeddyReplied": conversation.TeddyReplied,
            "ConversationEnded": conversation.ConversationEnded,
        },
    ),
    "parent": (
        "",
        {
            "ParentRegistered": parent.ParentRegistered,
            "ConsentGranted": parent.ConsentGranted,
            "ConsentWithdrawn": parent.ConsentWithdrawn,
            "ErasureRequested": parent.ErasureRequested,
        },
    ),
    "privacy": (
        None,
        {
            "KeyMinted": privacy.KeyMinted,
            "DestructionOrdered": privacy.DestructionOrdered,
            "KeyDestroyed": privacy.KeyDestroyed,
            "ErasureCompleted": privacy.ErasureCompleted,
            "HoldPlaced": privacy.HoldPlaced,
            "HoldLifted": privacy.HoldLifted,
        },
    ),
    "approval": (
        None,
        {
            "ApprovalRequested": approval.ApprovalRequested,
            "ApprovalDecided": approval.ApprovalDecided,
            "ApprovalExpired": approval.ApprovalExpired,
            "ApprovalWithdrawn": approval.ApprovalWithdrawn,
            "ApprovalCarriedOut": approval.ApprovalCarriedOut,
        },
    ),
    "access": (None, {"DataAccessed": access.DataAccessed}),
}

# Schema 2 said more: fields that may be absent, and are where schema 1 was written; other words, more and longer ones.
_SCHEMAS: Final = {
    "ErasureCompleted": 2,
    "HoldPlaced": 2,
    "HoldLifted": 2,
    "DataAccessed": 2,
    "ApprovalRequested": 2,
    "ConsentGranted": 2,
    "SafetyViolationDetected": 2,
}


def _as_it_was(fields: dict[str, Any]) -> dict[str, Any]:
    return fields


# How long sensitive fields are kept: a class of data, by stream type, and where an event's is another than its stream's. In the
# names of keys, so for good; how long each class is kept the settings say.
_RETENTION: Final = {
    "child": "profile",
    "conversation": "talk",
    "parent": "profile",
    "privacy": "privacy_proof",
    "approval": "decision",
    "access": "access_ledger",
}
_OWN_RETENTION: Final = {
    "ConsentGranted": "consent_proof",
    "ConsentWithdrawn": "consent_proof",
    "ErasureRequested": "consent_proof",
}


def _retention(stream_type: str, name: str) -> str:
    if name.startswith("SafetyViolation"):
        return "safety_case"
    return _OWN_RETENTION.get(name, _RETENTION[stream_type])


def _filled() -> Registry:
    filled = Registry()
    for name, number in _NUMBERS.items():
        filled.stream_type(name, number=number, takes_id=is_id)
    for stream_type, (subject, structs) in _EVENTS.items():
        for name, struct in structs.items():
            filled.event_type(
                struct,
                stream_type=stream_type,
                subject=subject,
                name=name,
                schema=_SCHEMAS.get(name, 1),
                retention=_retention(stream_type, name),
            )
    for name in _SCHEMAS:
        filled.upcaster(name, from_schema=1, upcast=_as_it_was)
    filled.privacy_events(
        PrivacyEvents(
            stream_type="privacy",
            minted=privacy.KeyMinted,
            ordered=privacy.DestructionOrdered,
            destroyed=privacy.KeyDestroyed,
            completed=privacy.ErasureCompleted,
            placed=privacy.HoldPlaced,
            lifted=privacy.HoldLifted,
        )
    )
    return filled


registry: Final = _filled()
"""What EVENTSTORE["REGISTRY"] names."""
