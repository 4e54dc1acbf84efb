"""What was done about a violation, told as a list: who, what, when, each step with its event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.addresses import event_address
from audit.violations.words import LEVELS, OUTCOMES, person
from eventstore.queries.positions import position_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from audit.access import Viewer
    from audit.violations.queries import Step
    from eventstore.events import RecordedEvent

_BEGIN: Final = "SafetyViolation"
_TOLD: Final[Mapping[str, tuple[str, str, str]]] = {
    "Detected": ("bad", "critical", "Detected"),
    "Acknowledged": ("info", "eye", "Seen by {who}"),
    "Claimed": ("info", "person", "Claimed by {who}"),
    "Released": ("calm", "out", "Given back by {who}"),
    "Escalated": ("warn", "clock", "Escalated: {said} of its time were over"),
    "DecisionProposed": ("info", "two", "{who} proposed: {said}"),
    "DecisionRefused": ("warn", "no", "{who} did not agree with what was proposed"),
    "Resolved": ("good", "ok", "Closed as {who} decided: {said}"),
    "Reopened": ("warn", "follow", "Reopened by {who}; its time began anew"),
}
_BY_HAND: Final = ("warn", "high", "Somebody asked for more attention")
_OTHER: Final = ("calm", "list", "{name}")


@dataclass(frozen=True, slots=True)
class Told:
    """One step. note: what was written with it, where that is revealed; has_note: whether it can have one."""

    tone: str
    symbol: str
    sentence: str
    clause: str | None
    at: datetime
    occurred_at: datetime
    version: int
    address: str
    has_note: bool
    note: str | None = None


_NOTED: Final = frozenset(
    {
        *("Detected", "Acknowledged", "Escalated", "DecisionProposed"),
        *("DecisionRefused", "Resolved", "Reopened"),
    }
)


def told(
    steps: Sequence[Step], viewer: Viewer, notes: Mapping[int, str]
) -> Sequence[Told]:
    """In their order. notes: what was revealed, by version."""
    return [_told(step, viewer, notes) for step in steps]


def _told(step: Step, viewer: Viewer, notes: Mapping[int, str]) -> Told:
    name = step.name.removeprefix(_BEGIN)
    tone, symbol, sentence = _TOLD.get(name, _OTHER)
    if step.said == "manual":
        tone, symbol, sentence = _BY_HAND
    who = person(step.by, viewer)
    what = LEVELS.get(step.said or "", OUTCOMES.get(step.said or "", step.said or ""))
    text = sentence.format(who=who, said=what, name=name)
    return Told(
        tone,
        symbol,
        text[:1].upper() + text[1:],
        step.clause,
        step.recorded_at.replace(microsecond=0),
        step.occurred_at,
        step.version,
        event_address(position_of(step.position)),
        name in _NOTED,
        notes.get(step.version),
    )


def meanwhile(
    done: Sequence[RecordedEvent], viewer: Viewer
) -> Sequence[tuple[str, datetime]]:
    """What others did since the page was made, of their events: in words, and when."""
    found = []
    for event in done:
        name = event.metadata.event_type.removeprefix(_BEGIN)
        said = event.data.get("outcome") or event.data.get("level") or ""
        sentence = _BY_HAND[2] if said == "manual" else _TOLD.get(name, _OTHER)[2]
        text = sentence.format(
            who=person(event.data.get("officer"), viewer),
            said=OUTCOMES.get(said, said),
            name=name,
        )
        found.append((text[:1].upper() + text[1:], event.recorded_at))
    return found
