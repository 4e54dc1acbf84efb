"""What is asked of the read models: a child, and lists by pages, each one index in its order. The newest comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Listing, Page, Wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ChildRow:
    """See `audit.people.models.Child`."""

    child_id: str
    parent_id: str | None
    language: str | None
    registered_at: datetime | None
    registered_position: int | None
    known_at: datetime
    known_position: int


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """See `audit.people.models.Conversation`. unscreened: how many of the messages nobody has judged."""

    conversation_id: str
    child_id: str
    names_others: bool
    language: str | None
    started_at: datetime | None
    started_occurred_at: datetime | None
    started_position: int | None
    ended_at: datetime | None
    ended_occurred_at: datetime | None
    ended_position: int | None
    end_reason: str | None
    messages: int
    unscreened: int
    known_at: datetime
    known_position: int


@dataclass(frozen=True, slots=True)
class ViolationRow:
    """See `audit.people.models.Violation`."""

    child_id: str
    violation_id: str
    category: str
    severity: str
    detector: str
    conversation_id: str | None
    message_id: str | None
    state: str
    levels: Sequence[str]
    detected_at: datetime
    detected_occurred_at: datetime
    detected_position: int
    acknowledged_at: datetime | None
    acknowledged_position: int | None
    acknowledged_by: str | None
    claimed_at: datetime | None
    claimed_position: int | None
    claimed_by: str | None
    decided_at: datetime | None
    decided_position: int | None
    decided_by: str | None
    outcome: str | None
    clause: str | None
    reopened_at: datetime | None
    reopened_position: int | None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """See `audit.people.models.Consent`."""

    parent_id: str
    version: int
    child_id: str
    scope: str
    policy_version: str
    granted_at: datetime
    granted_position: int
    withdrawn_at: datetime | None
    withdrawn_position: int | None
    replaced_at: datetime | None
    replaced_position: int | None


@dataclass(frozen=True, slots=True)
class AccessRow:
    """See `audit.people.models.Access`."""

    subject: str
    recorded_at: datetime
    position: int
    kind: str
    purpose: str
    actor: str
    actor_kind: str
    object: str | None
    reference: str | None


_CHILD: Final = """
SELECT child_id, parent_id, language, registered_at, registered_position, known_at, known_position
  FROM people_child WHERE child_id = %(child)s
"""
# Index: people_conversation_child.
_CONVERSATIONS: Final = Listing(
    """
SELECT conversation_id, child_id, names_others, language, started_at, started_occurred_at, started_position,
       ended_at, ended_occurred_at, ended_position, end_reason, messages, cardinality(unscreened), known_at, known_position
  FROM people_conversation""",
    {"known_at": datetime, "conversation_id": str},
    ConversationRow,
    lambda row: (row.known_at, row.conversation_id),
    falls=True,
)
# Index: people_violation_child.
_VIOLATIONS: Final = Listing(
    """
SELECT child_id, violation_id, category, severity, detector, conversation_id, message_id, state, levels,
       detected_at, detected_occurred_at, detected_position, acknowledged_at, acknowledged_position, acknowledged_by,
       claimed_at, claimed_position, claimed_by, decided_at, decided_position, decided_by, outcome, clause,
       reopened_at, reopened_position
  FROM people_violation""",
    {"detected_at": datetime, "violation_id": str},
    ViolationRow,
    lambda row: (row.detected_at, row.violation_id),
    falls=True,
)
# Index: the key.
_CONSENTS: Final = Listing(
    """
SELECT parent_id, version, child_id, scope, policy_version, granted_at, granted_position,
       withdrawn_at, withdrawn_position, replaced_at, replaced_position
  FROM people_consent""",
    {"version": int},
    ConsentRow,
    lambda row: (row.version,),
    falls=True,
)
# Index: the key; of one kind of who looks people_access_kind.
_ACCESSES: Final = Listing(
    """
SELECT subject, recorded_at, position, kind, purpose, actor, actor_kind, "object", reference
  FROM people_access""",
    {"recorded_at": datetime, "position": int},
    AccessRow,
    lambda row: (row.recorded_at, row.position),
    falls=True,
)
_OF_CHILD: Final = "child_id = %(child)s"
_OF_IT_ALONE: Final = "NOT names_others"


def child_of(child_id: str) -> ChildRow | None:
    """A child that something is known of."""
    rows = unchecked_rows(_CHILD, {"child": child_id})
    return ChildRow(*rows[0]) if rows else None


def conversations(
    wanted: Wanted, child_id: str, *, of_it_alone: bool = False
) -> Page[ConversationRow]:
    """A child's. of_it_alone: without those that name another child, too. Raises `BadCursor`."""
    among = [_OF_CHILD, *([_OF_IT_ALONE] if of_it_alone else [])]
    return _CONVERSATIONS.page(wanted, unchecked_rows, among, {"child": child_id})


def violations(wanted: Wanted, child_id: str) -> Page[ViolationRow]:
    """A child's. Raises `BadCursor`."""
    return _VIOLATIONS.page(wanted, unchecked_rows, [_OF_CHILD], {"child": child_id})


def consents(wanted: Wanted, parent_id: str) -> Page[ConsentRow]:
    """A parent's. Raises `BadCursor`."""
    given = {"parent": parent_id}
    return _CONSENTS.page(wanted, unchecked_rows, ["parent_id = %(parent)s"], given)


def accesses(wanted: Wanted, subject: str, *, by: str | None = None) -> Page[AccessRow]:
    """Who looked at a person's data. by: `officer` or `service` alone. Raises `BadCursor`."""
    among: Collection[str] = ["subject = %(subject)s"]
    given: Mapping[str, Any] = {"subject": subject, "by": by}
    if by is not None:
        among = [*among, "actor_kind = %(by)s"]
    return _ACCESSES.page(wanted, unchecked_rows, list(among), given)
