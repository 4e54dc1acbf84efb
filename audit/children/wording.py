"""A fact in an officer's words: what happened, how grave it is, where it leads. Ids and codes alone; what is sealed stays so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.cases import LEVELS
from audit.columns.urgency import SEVERITIES
from audit.people.models import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audit.children.axis import FactRow

LANE_WORDS: Final[Mapping[str, str]] = {
    Lane.CONSENT.value: "Consents",
    Lane.CONVERSATION.value: "Conversations",
    Lane.VIOLATION.value: "Violations",
    Lane.CHANGE.value: "Profile",
    Lane.PRIVACY.value: "Holds and erasures",
    Lane.EXPORT.value: "Exports",
    Lane.VIEW.value: "Days of staff views",
}
_PLAIN: Final = ("calm", "unknown")
_LEVELS: Final[Mapping[str, str]] = {
    **LEVELS,
    "manual": "somebody asked for more attention",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a fact. tone, symbol: repeat what the words say. details: what stands small below.

    by: the account that did it, and before its name how: `by`, `as decided by`.
    """

    title: str
    tone: str
    symbol: str
    details: tuple[str, ...] = ()
    by: str = ""
    did: str = "by"


def words_of(fact: FactRow) -> Words:
    """Of an event whose type this code does not know its name."""
    said = _SAID.get(fact.kind)
    return Words(fact.kind, *_PLAIN) if said is None else said(fact)


def spoken(code: str) -> str:
    """self_harm → self harm."""
    return code.replace("_", " ")


def _about(fact: FactRow, name: str) -> str:
    return spoken(str(fact.about.get(name) or ""))


def _part(fact: FactRow, label: str, name: str) -> str:
    """`label value`, or nothing."""
    value = fact.about.get(name)
    return f"{label} {value}" if value else ""


def _kept(*parts: str) -> tuple[str, ...]:
    return tuple(part for part in parts if part)


def _fixed(
    title: str, tone: str, symbol: str, by_whom: str = "", **labelled: str
) -> Callable[[FactRow], Words]:
    """by_whom: the field of the account that did it. labelled: field → the words before it."""

    def said(fact: FactRow) -> Words:
        parts = (_part(fact, label, name) for name, label in labelled.items())
        by = str(fact.about.get(by_whom) or "") if by_whom else ""
        return Words(title, tone, symbol, _kept(*parts), by)

    return said


def _detected(fact: FactRow) -> Words:
    tone, symbol = SEVERITIES.get(str(fact.about.get("severity")), _PLAIN)
    title = (
        f"Violation detected: {_about(fact, 'category')}, {_about(fact, 'severity')}"
    )
    return Words(
        title,
        tone,
        symbol,
        _kept(_part(fact, "detector", "detector"), _part(fact, "rule", "rule")),
    )


def _escalated(fact: FactRow) -> Words:
    level = str(fact.about.get("level") or "")
    return Words(f"Violation escalated: {_LEVELS.get(level, level)}", "warn", "high")


def _decided(title: str, symbol: str, did: str = "by") -> Callable[[FactRow], Words]:
    def said(fact: FactRow) -> Words:
        return Words(
            f"{title}: {_about(fact, 'outcome')}",
            "good",
            symbol,
            _kept(_part(fact, "clause", "clause")),
            str(fact.about.get("officer") or ""),
            did,
        )

    return said


def _consent(verb: str, tone: str) -> Callable[[FactRow], Words]:
    def said(fact: FactRow) -> Words:
        return Words(
            f"Consent {verb}: {_about(fact, 'scope')}",
            tone,
            "consent",
            _kept(
                _part(fact, "policy", "policy_version"),
                _part(fact, "by parent", "parent_id"),
            ),
        )

    return said


def _ordered(fact: FactRow) -> Words:
    erases = fact.about.get("why") == "erasure"
    title = "Erasure ordered" if erases else "Keys ordered to be destroyed"
    parts = (
        _part(fact, "request", "request"),
        _part(fact, "asked by", "requested_by"),
        _part(fact, "approved by", "approved_by"),
    )
    return Words(title, "bad" if erases else "calm", "box", _kept(*parts))


_SAID: Final[Mapping[str, Callable[[FactRow], Words]]] = {
    "ChildRegistered": _fixed(
        "Child registered", "calm", "person", parent_id="by parent", language="language"
    ),
    "ChildProfileUpdated": _fixed("Profile changed", "calm", "edit"),
    "ConsentGranted": _consent("granted", "good"),
    "ConsentWithdrawn": _consent("withdrawn", "warn"),
    "ConversationStarted": _fixed("Conversation", "calm", "talk"),
    "Mentioned": _fixed("Named in a conversation of another child", "warn", "talk"),
    "SafetyViolationDetected": _detected,
    "SafetyViolationAcknowledged": _fixed(
        "Violation acknowledged", "info", "ok", by_whom="officer"
    ),
    "SafetyViolationClaimed": _fixed(
        "Violation claimed", "info", "person", by_whom="officer"
    ),
    "SafetyViolationReleased": _fixed(
        "Violation given back", "warn", "person", by_whom="officer"
    ),
    "SafetyViolationEscalated": _escalated,
    "SafetyViolationDecisionProposed": _decided("Decision proposed", "edit"),
    "SafetyViolationDecisionRefused": _fixed(
        "Second person does not agree", "warn", "no", by_whom="officer"
    ),
    "SafetyViolationResolved": _decided("Violation closed", "ok", "as decided by"),
    "SafetyViolationReopened": _fixed(
        "Violation reopened", "bad", "high", by_whom="officer"
    ),
    "ErasureRequested": _fixed(
        "Parent asked for erasure", "bad", "box", parent_id="parent"
    ),
    "DestructionOrdered": _ordered,
    "ErasureCompleted": _fixed("Erased", "calm", "box", request="request"),
    "HoldPlaced": _fixed(
        "Legal hold placed", "warn", "lock", hold_id="hold", clause="clause"
    ),
    "HoldLifted": _fixed(
        "Legal hold lifted",
        "calm",
        "lock",
        hold_id="hold",
        requested_by="asked by",
        approved_by="approved by",
    ),
    "DataAccessed": _fixed(
        "Exported", "view", "out", by_whom="actor", purpose="for", reference="case"
    ),
    "Views": _fixed("Staff looked", "view", "eye"),
}
