"""What the calls about children and parents say of themselves in the schema."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from audit.api.answers import (
    AccessSeen,
    ConsentSeen,
    ConversationSeen,
    ViolationSeen,
)
from audit.api.profiles import Profile
from eventstore.api.described import Answer, Described, json_of
from eventstore.api.openapi.refusals import OPENING, READING, SHOWING
from eventstore.api.shapes import Cursor, Instant

GROUP: Final = "children and parents"
_RECORDED: Final = " It is recorded who looks, before anything is shown."
_AS_FAR: Final = (
    " `known_before`: the list has all that was recorded before this time; null: all that there is. A child that the read"
    " models do not know yet answers as one that is not there."
)
_PROBLEMS: Final = (*READING, *SHOWING, "bad-cursor")
_ID: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{1,100}$",
}
_CHILD: Final = {
    "child_id": {**_ID, "description": "The child's id.", "example": "child-1"}
}
_PARENT: Final = {
    "parent_id": {**_ID, "description": "The parent's id.", "example": "parent-1"}
}
_T1: Final = "2026-11-23T09:00:00.123456Z"
_T2: Final = "2026-11-23T09:05:00.654321Z"


class ConversationPage(msgspec.Struct, frozen=True):
    """A page of conversations."""

    conversations: list[ConversationSeen]
    next: Cursor | None
    known_before: Instant | None


class ViolationPage(msgspec.Struct, frozen=True):
    """A page of safety violations."""

    violations: list[ViolationSeen]
    next: Cursor | None
    known_before: Instant | None


class AccessPage(msgspec.Struct, frozen=True):
    """A page of looks at the child's data."""

    accesses: list[AccessSeen]
    next: Cursor | None
    known_before: Instant | None


class ConsentPage(msgspec.Struct, frozen=True):
    """A page of consents."""

    consents: list[ConsentSeen]
    next: Cursor | None
    known_before: Instant | None


def _page(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {name: [row], "next": None, "known_before": None}


PROFILE: Final = Described(
    "get_child",
    GROUP,
    "A child's profile, now or as it was known at a time",
    "Each field with the version that set it. `withheld` lists the events that were not opened (without `pii:read`, or erased):"
    " where there are any, fields may be others than is said here." + _RECORDED,
    json_of(
        Profile,
        {
            "child_id": "child-1",
            "parent_id": "parent-1",
            "registered_at": _T1,
            "version": 2,
            "fields": {"name": {"value": "Mia", "version": 1, "recorded_at": _T1}},
            "withheld": [],
        },
    ),
    problems=(*READING, *SHOWING, *OPENING, "future-instant"),
    path=_CHILD,
)
CONVERSATIONS: Final = Described(
    "list_conversations",
    GROUP,
    "The child's conversations, the newest first",
    "Counts and times; what was said stands in the stream `conversation.{conversation_id}`."
    + _AS_FAR
    + _RECORDED,
    json_of(
        ConversationPage,
        _page(
            "conversations",
            {
                "conversation_id": "conv-1",
                "language": "en",
                "started_at": _T1,
                "ended_at": _T2,
                "end_reason": "child_left",
                "recorded_at": _T1,
                "messages": 12,
                "unscreened": 0,
            },
        ),
    ),
    problems=_PROBLEMS,
    sends=("Link",),
    path=_CHILD,
)
VIOLATIONS: Final = Described(
    "list_violations",
    GROUP,
    "What was found about the child's safety, the newest first",
    "Where each stands; never who decided." + _AS_FAR + _RECORDED,
    json_of(
        ViolationPage,
        _page(
            "violations",
            {
                "violation_id": "violation-1",
                "category": "bullying",
                "severity": "high",
                "state": "detected",
                "conversation_id": "conv-1",
                "occurred_at": _T1,
                "detected_at": _T2,
                "acknowledged_at": None,
                "claimed_at": None,
                "decided_at": None,
                "reopened_at": None,
                "outcome": None,
            },
        ),
    ),
    problems=_PROBLEMS,
    sends=("Link",),
    path=_CHILD,
)
ACCESSES: Final = Described(
    "list_accesses",
    GROUP,
    "When and why somebody looked at the child's data, the newest first",
    "Never who. This token's own looks are among them; this very one stands in the next answer."
    + _AS_FAR
    + _RECORDED,
    json_of(
        AccessPage,
        _page(
            "accesses",
            {
                "recorded_at": _T1,
                "kind": "view",
                "purpose": "safety_review",
                "by": "officer",
            },
        ),
    ),
    problems=_PROBLEMS,
    sends=("Link",),
    path=_CHILD,
)
EXPORT: Final = Described(
    "export_child",
    GROUP,
    "All events of the child's streams: the machine-readable copy",
    "NDJSON of CloudEvents 1.0, one event a line, which `manage.py import_events` reads: the child's own stream, then each"
    " conversation. Opened for a token with `pii:read`, else sealed fields stay sealed. An answer that breaks off has no end of its"
    " own: take it for whole only if it was received to its end. To stay up to date, follow the feed."
    + _RECORDED,
    (
        Answer(
            "application/x-ndjson",
            {"type": "string"},
            '{"specversion":"1.0","id":"5f7f0a55-4a7e-5b0e-8d0f-3f6f7a2f5f10","source":"/teddy","type":"ChildRegistered",'
            '"subject":"child.child-1", …}\n',
        ),
    ),
    problems=(*READING, *SHOWING, *OPENING, "too-many-exports", "read-models-behind"),
    path=_CHILD,
)
CONSENTS: Final = Described(
    "list_consents",
    GROUP,
    "What the parent allowed for which child, the newest first",
    "All that were ever given, each from when to when." + _AS_FAR + _RECORDED,
    json_of(
        ConsentPage,
        _page(
            "consents",
            {
                "child_id": "child-1",
                "scope": "conversation",
                "policy_version": "2026-1",
                "granted_at": _T1,
                "withdrawn_at": None,
                "replaced_at": None,
            },
        ),
    ),
    problems=_PROBLEMS,
    sends=("Link",),
    path=_PARENT,
)
