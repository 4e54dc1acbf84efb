"""What was done about a violation, told as a list: who, what, when, each step with its event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.html import format_html

from audit.addresses import event_address
from audit.cases import LEVELS
from audit.columns.naming import named
from audit.violations.second import (
    RESOLVED,
    answers_to,
    closing_of,
    is_told_by_a_step,
    place_of,
)
from audit.violations.words import OUTCOMES
from eventstore.queries.positions import position_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.utils.safestring import SafeString

    from audit.access import Viewer
    from audit.approvals.answers import Answer
    from audit.violations.queries import Known, Step
    from eventstore.events import RecordedEvent

_BEGIN: Final = "SafetyViolation"
_TOLD: Final[Mapping[str, tuple[str, str, str]]] = {
    "Detected": ("bad", "critical", "Detected"),
    "Acknowledged": ("info", "eye", "Seen by {who}"),
    "Claimed": ("info", "person", "Claimed by {who}"),
    "Released": ("calm", "out", "Given back by {who}"),
    "Escalated": ("warn", "clock", "Escalated: {said}"),
    "DecisionProposed": ("info", "two", "{who} proposed: {said}"),
    "DecisionRefused": ("warn", "no", "{who} did not agree with what was proposed"),
    "Resolved": ("good", "ok", "Closed as {who} decided: {said}"),
    "Reopened": ("warn", "follow", "Reopened by {who}; its time began anew"),
}
_BY_HAND: Final = ("warn", "high", "Somebody asked for more attention")
_OTHER: Final = ("calm", "list", "{name}")
_BY_TWO: Final = "Closed as {who} proposed and {second} agreed: {said}"
_ANSWERED: Final[Mapping[str, tuple[str, str, str]]] = {
    "approved": ("good", "two", "{second} agreed with what {who} proposed"),
    "refused": ("warn", "no", "{second} did not agree with what {who} proposed"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One step. label: how its event is called. note: what was written with it, where that is revealed; has_note: whether it can have one."""

    tone: str
    symbol: str
    sentence: SafeString
    clause: str | None
    at: datetime
    occurred_at: datetime
    label: str
    address: str
    has_note: bool
    note: str | None = None


_NOTED: Final = frozenset(
    {
        *("Detected", "Acknowledged", "Escalated", "DecisionProposed"),
        *("DecisionRefused", "Resolved", "Reopened"),
    }
)


def told(known: Known, viewer: Viewer, notes: Mapping[int, str]) -> Sequence[Told]:
    """In their order, the second person's answers among them. notes: what was revealed, by version."""
    found = [_told(step, known, viewer, notes) for step in known.steps]
    first = known.steps[0].version if known.steps else 0
    for answer in reversed(answers_to(known)):
        is_here = answer.about is not None and answer.about >= first
        if is_here and not is_told_by_a_step(answer, known):
            place = place_of(answer, known.steps)
            found.insert(place, _answered(answer, known.steps, viewer))
    return found


def _answered(answer: Answer, steps: Sequence[Step], viewer: Viewer) -> Told:
    by = next((one.by for one in steps if one.version == answer.about), None)
    tone, symbol, sentence = _ANSWERED[answer.decision]
    text = _sentence(sentence, second=named(answer.by, viewer), who=named(by, viewer))
    return Told(
        tone,
        symbol,
        text,
        None,
        answer.at,
        answer.at,
        f"request version {answer.version}",
        event_address(position_of(answer.position)),
        has_note=False,
    )


def _told(step: Step, known: Known, viewer: Viewer, notes: Mapping[int, str]) -> Told:
    name = step.name.removeprefix(_BEGIN)
    tone, symbol, sentence = _TOLD.get(name, _OTHER)
    if step.said == "manual":
        tone, symbol, sentence = _BY_HAND
    second = None
    if step.name == RESOLVED and (answer := closing_of(step, known).answer):
        sentence, second = _BY_TWO, named(answer.by, viewer)
    who = named(step.by, viewer)
    what = LEVELS.get(step.said or "", OUTCOMES.get(step.said or "", step.said or ""))
    text = _sentence(sentence, who=who, second=second, said=what, name=name)
    return Told(
        tone,
        symbol,
        text,
        step.clause,
        step.recorded_at,
        step.occurred_at,
        f"version {step.version}",
        event_address(position_of(step.position)),
        name in _NOTED,
        notes.get(step.version),
    )


def _sentence(sentence: str, **said: object) -> SafeString:
    """With names that may be links; it begins with a capital where the name is `you`."""
    begins = next((n for n in ("who", "second") if sentence.startswith(f"{{{n}}}")), "")
    if said.get(begins) == "you":
        said[begins] = "You"
    return format_html(sentence, **said)


def meanwhile(
    done: Sequence[RecordedEvent], viewer: Viewer
) -> Sequence[tuple[SafeString, datetime]]:
    """What others did since the page was made, of their events: in words, and when."""
    found = []
    for event in done:
        name = event.metadata.event_type.removeprefix(_BEGIN)
        said = event.data.get("outcome") or event.data.get("level") or ""
        sentence = _BY_HAND[2] if said == "manual" else _TOLD.get(name, _OTHER)[2]
        text = _sentence(
            sentence,
            who=named(event.data.get("officer"), viewer),
            said=LEVELS.get(said, OUTCOMES.get(said, said)),
            name=name,
        )
        found.append((text, event.recorded_at))
    return found
