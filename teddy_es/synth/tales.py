"""What happens in a stream of each type, event after event, for as long as anybody asks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final, get_args

from teddy_es.domain.access import Kind, Purpose
from teddy_es.domain.conversation import EndReason
from teddy_es.domain.parent import Scope
from teddy_es.domain.violations import Category

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_CATEGORIES: Final = get_args(Category)
_KINDS: Final = get_args(Kind)
_PURPOSES: Final = get_args(Purpose)
_REASONS: Final = get_args(EndReason)
_SCOPES: Final = get_args(Scope)
_SEVERITIES: Final = ("low", "low", "low", "medium", "medium", "high", "critical")
_OUTCOMES: Final = ("false_positive", "false_positive", "confirmed", "cannot_decide")
_LANGUAGES: Final = ("en", "en", "en", "de", "fr", "es", "pt-BR")
_NAMES: Final = ("Ada", "Ben", "Çağla", "Dmitri", "Éloïse", "Farid", "Grace", "晴")
_PHRASES: Final = (
    "Can we go and see the ducks again tomorrow?",
    "I built a tower and it is taller than me!",
    "My sister took the red crayon and she did not give it back.",
    "Once upon a time there was a hedgehog who wanted to learn to swim.",
    "Why is the moon still there in the morning?",
    "That is a good question. What do you think?",
    "Grandma says soup makes you strong, but I like noodles better.",
    "Let us count together: one, two, three … and then comes a very big number.",
    "I don't want to sleep yet. Tell me another one, please, a short one.",
    "Ich habe heute einen Regenwurm gerettet, der lag mitten auf dem Weg.",
    "You did that all by yourself? I am proud of you.",
    "🦆🦆🦆",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event's type and data. caused: by the event before it. thread: what else it belongs to, if not its stream."""

    type: str
    data: dict[str, Any]
    caused: bool = False
    thread: str | None = None


def conversation(rng: Random, length: int, child_id: str) -> Iterator[Fact]:
    """Started, said and replied in turns; the longer ones end."""
    about = {"child_id": child_id}
    yield Fact("ConversationStarted", {**about, "language": rng.choice(_LANGUAGES)})
    for number in range(2, length if length > 3 else length + 1):
        said = {**about, "text": _words(rng, 1, 4)}
        if number % 2 == 0:
            yield Fact("ChildSpoke", said)
        else:
            yield Fact("TeddyReplied", {**said, "model": "teddy-3.1"}, caused=True)
    if length > 3:
        yield Fact("ConversationEnded", {**about, "reason": rng.choice(_REASONS)})


def child(rng: Random, parent_id: str, conversation_id: str) -> Iterator[Fact]:
    """Registered; then profile changes, and violations with what officers make of them."""
    name = {"name": rng.choice(_NAMES), "language": rng.choice(_LANGUAGES)}
    yield Fact("ChildRegistered", {"parent_id": parent_id, **name})
    for number in count(1):
        if rng.random() < 0.4:
            likes = {"favourite": rng.choice(_PHRASES)}
            yield Fact("ChildProfileUpdated", {"changes": likes})
        else:
            yield from _violation(rng, f"v-{number}", conversation_id)


def parent(rng: Random, child_id: str) -> Iterator[Fact]:
    """Registered; then consents, given and taken back; seldom the wish to be forgotten."""
    name = rng.choice(_NAMES)
    yield Fact("ParentRegistered", {"name": name, "email": f"{name}@example.org"})
    for number in count(1):
        consent = {"child_id": child_id, "scope": rng.choice(_SCOPES)}
        if number <= len(_SCOPES) or rng.random() < 0.6:
            yield Fact("ConsentGranted", {**consent, "policy_version": "2026-01"})
        elif rng.random() < 0.95:
            yield Fact("ConsentWithdrawn", consent)
        else:
            yield Fact("ErasureRequested", {"child_id": child_id})


def access(rng: Random, officer: str, child_ids: list[str]) -> Iterator[Fact]:
    """An officer looks, day after day."""
    while True:
        looked = {
            "actor": officer,
            "actor_kind": "officer",
            "kind": rng.choice(_KINDS),
            "purpose": rng.choice(_PURPOSES),
            "subjects": rng.choices(child_ids, k=rng.randint(1, 5)),
        }
        yield Fact("DataAccessed", looked)


def _violation(rng: Random, name: str, conversation_id: str) -> Iterator[Fact]:
    thread = f"conversation.{conversation_id}"
    case = {"violation_id": name}
    by = {**case, "officer": f"officer-{rng.randint(1, 12)}"}

    def follows(word: str, data: dict[str, Any]) -> Fact:
        return Fact(f"SafetyViolation{word}", data, caused=True, thread=thread)

    violation = {
        "category": rng.choice(_CATEGORIES),
        "severity": rng.choice(_SEVERITIES),
        "detector": "keyword/7",
        "conversation_id": conversation_id,
        "excerpt": _words(rng, 1, 2),
    }
    yield Fact("SafetyViolationDetected", {**case, **violation}, thread=thread)
    if rng.random() < 0.2:
        yield follows("Escalated", {**case, "level": "overdue_50"})
    yield follows("Acknowledged", by)
    yield follows("Claimed", by)
    if rng.random() < 0.1:
        yield follows("Released", by)
        yield follows("Claimed", by)
    outcome = {"outcome": rng.choice(_OUTCOMES), "note": _words(rng, 1, 3)}
    yield follows("Resolved", {**by, **outcome})


def _words(rng: Random, least: int, most: int) -> str:
    return " ".join(rng.choices(_PHRASES, k=rng.randint(least, most)))
