"""The domain's table of events, as the code has it, against the table as it was promised."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, get_args

import msgspec
import pytest

from eventstore.errors import InvalidEvent, InvalidStreamId
from teddy_es.domain.access import PURPOSES
from teddy_es.domain.child import ChildRegistered
from teddy_es.domain.types import registry
from teddy_es.domain.violations import Category

REASON = "words of a person"

# name: (stream type, subject, fields; * sensitive, ? may be absent)
PROMISED = {
    "ChildRegistered": ("child", "", "parent_id name* birth_date*? language?"),
    "ChildProfileUpdated": ("child", "", "changes*"),
    "SafetyViolationDetected": (
        "child",
        "",
        "violation_id category severity detector rule? conversation_id? message_id?"
        " excerpt*?",
    ),
    "SafetyViolationAcknowledged": ("child", "", "violation_id officer note*?"),
    "SafetyViolationEscalated": ("child", "", "violation_id level reason*?"),
    "SafetyViolationClaimed": ("child", "", "violation_id officer"),
    "SafetyViolationReleased": ("child", "", "violation_id officer"),
    "SafetyViolationReopened": ("child", "", "violation_id officer note*?"),
    "SafetyViolationResolved": (
        "child",
        "",
        "violation_id officer outcome clause? note*?",
    ),
    "SafetyViolationDecisionProposed": (
        "child",
        "",
        "violation_id officer outcome clause? note*?",
    ),
    "SafetyViolationDecisionRefused": ("child", "", "violation_id officer note*"),
    "ConversationStarted": (
        "conversation",
        "child_id",
        "child_id device_id*? language?",
    ),
    "ChildSpoke": ("conversation", "child_id", "child_id text*"),
    "MessageScreened": (
        "conversation",
        "child_id",
        "child_id message_version detector policy_version",
    ),
    "TeddyReplied": (
        "conversation",
        "child_id",
        "child_id text* model? policy_version? blocked?",
    ),
    "ConversationEnded": ("conversation", "child_id", "child_id reason?"),
    "ParentRegistered": ("parent", "", "name* email*"),
    "ConsentGranted": (
        "parent",
        "",
        "child_id scope policy_version method? notice_version?",
    ),
    "ConsentWithdrawn": ("parent", "", "child_id scope"),
    "ErasureRequested": ("parent", "", "child_id reason*?"),
    "KeyMinted": ("privacy", None, "key_id retention_class month commitment"),
    "DestructionOrdered": (
        "privacy",
        None,
        "why request? requested_by? approved_by? keys?",
    ),
    "KeyDestroyed": ("privacy", None, "key_id why request?"),
    "ErasureCompleted": (
        "privacy",
        None,
        "request? keys events requested_by? approved_by? found?",
    ),
    "HoldPlaced": (
        "privacy",
        None,
        "hold_id scope clause kind? floor? requested_by?",
    ),
    "HoldLifted": (
        "privacy",
        None,
        "hold_id scope clause kind? floor? requested_by? approved_by?",
    ),
    "ApprovalRequested": (
        "approval",
        None,
        "kind object requested_by expires_at reason* version?",
    ),
    "ApprovalDecided": ("approval", None, "decision decided_by note*?"),
    "ApprovalExpired": ("approval", None, ""),
    "ApprovalWithdrawn": ("approval", None, "withdrawn_by"),
    "ApprovalCarriedOut": ("approval", None, "result"),
    "DataAccessed": (
        "access",
        None,
        "actor actor_kind kind purpose subjects object? reference?",
    ),
}

SCHEMAS = {
    "ErasureCompleted": 2,
    "HoldPlaced": 2,
    "HoldLifted": 2,
    "DataAccessed": 2,
    "ApprovalRequested": 2,
    "ConsentGranted": 2,
    "SafetyViolationDetected": 2,
}

GOOD: dict[str, dict[str, Any]] = {
    "ChildRegistered": {
        "parent_id": "parent-1",
        "name": "N",
        "birth_date": "2019-02-28",
    },
    "ChildProfileUpdated": {"changes": {"language": "de", "name": None}},
    "SafetyViolationDetected": {
        "violation_id": "v-1",
        "category": "bullying",
        "severity": "high",
        "detector": "rules/3.1",
        "excerpt": REASON,
    },
    "SafetyViolationAcknowledged": {"violation_id": "v-1", "officer": "o-1"},
    "SafetyViolationEscalated": {"violation_id": "v-1", "level": "overdue_150"},
    "SafetyViolationClaimed": {"violation_id": "v-1", "officer": "o-1"},
    "SafetyViolationReleased": {"violation_id": "v-1", "officer": "o-1"},
    "SafetyViolationReopened": {"violation_id": "v-1", "officer": "o-1"},
    "SafetyViolationDecisionRefused": {
        "violation_id": "v-1",
        "officer": "o-2",
        "note": REASON,
    },
    "SafetyViolationDecisionProposed": {
        "violation_id": "v-1",
        "officer": "o-1",
        "outcome": "confirmed",
    },
    "SafetyViolationResolved": {
        "violation_id": "v-1",
        "officer": "o-1",
        "outcome": "cannot_decide",
    },
    "ConversationStarted": {"child_id": "child-1", "device_id": "bear:7"},
    "ChildSpoke": {"child_id": "child-1", "text": ""},
    "MessageScreened": {
        "child_id": "child-1",
        "message_version": 2,
        "detector": "rules/3.1",
        "policy_version": "2026-01",
    },
    "TeddyReplied": {"child_id": "child-1", "text": REASON, "blocked": True},
    "ConversationEnded": {"child_id": "child-1", "reason": "timeout"},
    "ParentRegistered": {"name": "N", "email": "n@example.org"},
    "ConsentGranted": {
        "child_id": "child-1",
        "scope": "profiling",
        "policy_version": "2026-01",
        "method": "card_payment",
        "notice_version": "2026-02",
    },
    "ConsentWithdrawn": {"child_id": "child-1", "scope": "third_party"},
    "ErasureRequested": {"child_id": "child-1"},
    "KeyMinted": {
        "key_id": "0f4a1f5e-7d43-4f5e-8a55-3a3a51a3b6de",
        "retention_class": "talk",
        "month": "2026-11",
        "commitment": "ab" * 32,
    },
    "DestructionOrdered": {
        "why": "erasure",
        "request": "r-1",
        "requested_by": "o-1",
        "approved_by": "o-2",
    },
    "KeyDestroyed": {
        "key_id": "0f4a1f5e-7d43-4f5e-8a55-3a3a51a3b6de",
        "why": "erasure",
        "request": "r-1",
    },
    "ErasureCompleted": {"keys": 0, "events": 12, "found": {"snapshots": 2}},
    "HoldPlaced": {
        "hold_id": "h-1",
        "scope": "all",
        "clause": "art.17/3e",
        "kind": "litigation",
        "floor": "2027-12-31",
    },
    "HoldLifted": {"hold_id": "h-1", "scope": ["2026-11"], "clause": "art.17/3e"},
    "ApprovalRequested": {
        "kind": "erasure",
        "object": "child.child-1",
        "requested_by": "o-1",
        "expires_at": "2026-11-23T09:00:00Z",
        "reason": REASON,
    },
    "ApprovalDecided": {"decision": "refused", "decided_by": "o-2"},
    "ApprovalExpired": {},
    "ApprovalWithdrawn": {"withdrawn_by": "o-1"},
    "ApprovalCarriedOut": {"result": "overtaken"},
    "DataAccessed": {
        "actor": "o-1",
        "actor_kind": "officer",
        "kind": "reveal",
        "purpose": "incident",
        "subjects": ["child-1"],
    },
}


def admit(name: str, data: dict[str, Any]) -> Any:
    return registry.admit(PROMISED[name][0], name, None, data)[1]


def test_the_numbers_of_the_stream_types_never_change() -> None:
    numbers = {t.name: t.number for t in registry.stream_types.values()}

    assert numbers == {
        "child": 1,
        "conversation": 2,
        "parent": 3,
        "privacy": 4,
        "approval": 5,
        "access": 6,
    }


def test_the_registry_holds_exactly_the_promised_types() -> None:
    known = {t.name for t in registry.event_types()}

    assert known == set(PROMISED), (
        f"Say in PROMISED what {sorted(known - set(PROMISED))} hold; promised and gone: {sorted(set(PROMISED) - known)}."
    )
    assert set(GOOD) == set(PROMISED), (
        f"Write in GOOD what {sorted(set(PROMISED) - set(GOOD))} may hold."
    )


@pytest.mark.parametrize("known", list(registry.event_types()), ids=lambda t: t.name)
def test_fields_sensitivity_and_subject_are_as_promised(known: Any) -> None:
    assert known.name in PROMISED, f"Say in PROMISED what {known.name} holds."
    stream_type, subject, fields = PROMISED[known.name]
    required = {f.name for f in _fields(known.struct) if f.required}
    written = {
        f.name
        + ("*" if f.name in known.sensitive else "")
        + ("" if f.name in required else "?")
        for f in _fields(known.struct)
    }

    assert (known.stream_type, known.subject) == (stream_type, subject)
    assert written == set(fields.split())
    assert known.schema == SCHEMAS.get(known.name, 1)


def _fields(struct: Any) -> Any:
    return msgspec.structs.fields(struct)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_event_passes_the_door_unchanged(name: str) -> None:
    assert admit(name, GOOD[name]) == GOOD[name]


@pytest.mark.parametrize("name", GOOD)
def test_an_unknown_field_is_refused(name: str) -> None:
    with pytest.raises(InvalidEvent):
        admit(name, {**GOOD[name], "surprise": 1})


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("ChildRegistered", "parent_id", "a b"),
        ("ChildRegistered", "parent_id", "parent-1\n"),
        ("ChildRegistered", "parent_id", ""),
        ("ChildRegistered", "parent_id", "p" * 101),
        ("ChildRegistered", "parent_id", "parent.1"),
        ("ChildRegistered", "name", ""),
        ("ChildRegistered", "birth_date", "2019-02-29"),
        ("ChildRegistered", "language", "free text"),
        ("ChildProfileUpdated", "changes", {}),
        ("ChildProfileUpdated", "changes", {"a b": "x"}),
        ("ChildProfileUpdated", "changes", {"name": 1}),
        ("SafetyViolationDetected", "category", "Bullying"),
        ("SafetyViolationDetected", "severity", "urgent"),
        ("SafetyViolationEscalated", "level", "overdue"),
        ("SafetyViolationResolved", "outcome", "maybe"),
        ("ChildSpoke", "text", "x" * 100_001),
        ("ChildSpoke", "text", None),
        ("MessageScreened", "message_version", 0),
        ("MessageScreened", "message_version", "2"),
        ("TeddyReplied", "blocked", 1),
        ("ConversationEnded", "reason", "bored"),
        ("ConsentGranted", "scope", "everything"),
        ("ConsentGranted", "method", "by a letter of Ada's"),
        ("ConsentGranted", "notice_version", 2),
        ("ErasureCompleted", "keys", -1),
        ("ErasureCompleted", "keys", True),
        ("ErasureCompleted", "events", 1.5),
        ("ErasureCompleted", "found", {"free text": 1}),
        ("KeyMinted", "key_id", "0F4A1F5E-7D43-4F5E-8A55-3A3A51A3B6DE"),
        ("KeyMinted", "month", "2026-13"),
        ("KeyMinted", "month", "all of them"),
        ("KeyMinted", "commitment", "ab" * 31),
        ("KeyDestroyed", "why", "because"),
        ("DestructionOrdered", "keys", ["k-1"]),
        ("HoldPlaced", "kind", "personal"),
        ("HoldPlaced", "floor", "2026-02-29"),
        ("HoldPlaced", "scope", "some"),
        ("HoldPlaced", "scope", []),
        ("HoldPlaced", "scope", ["2026-13"]),
        ("ApprovalRequested", "expires_at", "2026-11-23T09:00:00"),
        ("ApprovalRequested", "kind", "party"),
        ("ApprovalDecided", "decision", "perhaps"),
        ("ApprovalRequested", "object", "o" * 221),
        ("ApprovalCarriedOut", "result", "perhaps"),
        ("DataAccessed", "purpose", "curiosity"),
        ("DataAccessed", "subjects", ["a b"]),
        ("DataAccessed", "object", "conversation." + "a" * 188),
    ],
)
def test_an_ill_typed_field_is_refused_without_quoting_it(
    name: str, field: str, value: object
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        admit(name, {**GOOD[name], field: value})

    if isinstance(value, str) and len(value) > 3:
        assert value not in str(refused.value)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_data_is_looked_at_for_one_of_the_purposes(purpose: str) -> None:
    assert admit("DataAccessed", {**GOOD["DataAccessed"], "purpose": purpose})


def test_the_longest_stream_id_of_the_domain_can_have_been_looked_at() -> None:
    longest = "conversation." + "a" * 100

    assert admit("DataAccessed", {**GOOD["DataAccessed"], "object": longest})


@pytest.mark.parametrize("category", get_args(Category))
def test_what_is_detected_is_of_one_of_the_categories(category: str) -> None:
    detected = {**GOOD["SafetyViolationDetected"], "category": category}

    assert admit("SafetyViolationDetected", detected)
    assert len(get_args(Category)) == 11


@pytest.mark.parametrize("month", ["2026-11", "all"])
def test_a_key_is_of_a_month_or_of_all_snapshots(month: str) -> None:
    assert admit("KeyMinted", {**GOOD["KeyMinted"], "month": month})


@pytest.mark.parametrize("stream_type", list(registry.stream_types))
def test_every_stream_type_takes_only_the_domains_ids(stream_type: str) -> None:
    registry.stream_type_of(f"{stream_type}.A-z_9")

    for own_id in ("", "a.b", "a:b", "ü", "a\n", "a" * 101):
        with pytest.raises(InvalidStreamId):
            registry.stream_type_of(f"{stream_type}.{own_id}")


def test_an_event_made_in_python_is_written_as_json_has_it() -> None:
    born = ChildRegistered(parent_id="p", name="N", birth_date=date(2019, 2, 28))
    asked = {
        **GOOD["ApprovalRequested"],
        "expires_at": datetime(2026, 11, 23, 9, tzinfo=UTC),
    }

    written = registry.admit(
        "child",
        "ChildRegistered",
        1,
        {f: getattr(born, f) for f in born.__struct_fields__},
    )[1]

    assert written == {"parent_id": "p", "name": "N", "birth_date": "2019-02-28"}
    assert admit("ApprovalRequested", asked) == GOOD["ApprovalRequested"]


def test_the_schema_of_every_type_can_be_published() -> None:
    assert set(registry.json_schema()["events"]) == set(PROMISED)
