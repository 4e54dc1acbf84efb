"""What officers do about a violation: decided by the child's aggregate, appended behind the version that the officer saw.

The clock's levels are nobody's act: they come while an officer types, and are in nobody's way. Whatever somebody did to
this violation since that version is; what happened to the child otherwise is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.approvals import asking
from audit.approvals.asking import NotFinished, RequestMoved, Thing
from eventstore.aggregates import DomainError
from eventstore.conf import registry
from eventstore.errors import EventStoreError, StreamNotFound, WrongExpectedVersion
from eventstore.service import get_service
from eventstore.store import get_event_store
from teddy_es.domain.approval import object_of
from teddy_es.domain.child import Child
from teddy_es.domain.errors import (
    ApprovalByRequester,
    ViolationNotProposed,
    ViolationUnknown,
)
from teddy_es.domain.violations import (
    FOUR_EYES,
    SafetyViolationDecisionProposed,
    SafetyViolationResolved,
    is_the_clocks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventstore.events import AppendResult, RecordedEvent
    from teddy_es.domain.approval import Decision, Result
    from teddy_es.domain.violations import Outcome

TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A violation: its id is unique within its child."""

    child_id: str
    violation_id: str

    @property
    def stream_id(self) -> str:
        """Of the child."""
        return f"child.{self.child_id}"

    @property
    def object(self) -> str:
        """How a request for a second person names it."""
        return object_of(self.child_id, self.violation_id)


@dataclass(frozen=True, slots=True)
class Decided:
    """What an officer thinks it was."""

    outcome: Outcome
    clause: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A decision that is in the log. is_proposed: whether it is a proposal, which takes a second person."""

    last_version: int
    is_proposed: bool


class Overtaken(Exception):  # noqa: N818  (an answer, not a fault)
    """Somebody did something about it since the officer's page was made: nothing was recorded. done: those events."""

    def __init__(self, done: Sequence[RecordedEvent]) -> None:
        self.done = done
        super().__init__()


def acknowledge(
    case: Case, officer: str, *, seen: int, note: str | None = None
) -> AppendResult:
    """See `Child.acknowledge`."""
    return _do(
        case, seen, lambda c: c.acknowledge(case.violation_id, officer, note=note)
    )


def claim(case: Case, officer: str, *, seen: int) -> AppendResult:
    """See `Child.claim`."""
    return _do(case, seen, lambda c: c.claim(case.violation_id, officer))


def give_back(case: Case, officer: str, *, seen: int) -> AppendResult:
    """See `Child.release`."""
    return _do(case, seen, lambda c: c.release(case.violation_id, officer))


def reopen(
    case: Case, officer: str, *, seen: int, note: str | None = None
) -> AppendResult:
    """See `Child.reopen`."""
    return _do(case, seen, lambda c: c.reopen(case.violation_id, officer, note=note))


def decide(case: Case, officer: str, decided: Decided, *, seen: int) -> Made:
    """Close it; or, where that takes two, propose it and ask for a second person. Whoever decides has seen it, so that is recorded with it.

    A crash behind the proposal leaves one that nobody was asked about: `finishing` asks.
    """

    def deciding(child: Child) -> None:
        violation = child.state.violations.get(case.violation_id)
        if violation is None:
            raise ViolationUnknown
        if not (violation.is_acknowledged or violation.is_resolved):
            child.acknowledge(case.violation_id, officer)
        does = child.propose if violation.severity in FOUR_EYES else child.resolve
        does(
            case.violation_id,
            officer,
            decided.outcome,
            clause=decided.clause,
            note=decided.note,
        )

    version = _do(case, seen, deciding).last_version
    made = Made(version, _is_proposed(case, version))
    if made.is_proposed:
        asking.ask(_thing(case, version), officer)
    return made


def answer(
    case: Case,
    officer: str,
    decision: Decision,
    *,
    seen: int,
    request_seen: int,
    note: str = "",
) -> Result | None:
    """The second person agrees, and it is closed; or does not, and says why. It is neither who proposed it nor who asked, which may be two.

    seen: the version of the proposal; request_seen: of the approval's stream. A refusal is written to the child's stream first, where
    its reason is under the child's keys; a crash behind it leaves a request for what is no proposal any more. Without a note, as about
    an erased child, the request alone is answered: the proposal counts no more, and is decided anew. What became of it, if they agree. Raises `Overtaken`, `RequestMoved`, `ApprovalByRequester` …, and `NotFinished` where their answer is recorded.
    """
    thing = _thing(case, seen)
    if _standing(case, seen).officer == officer:
        raise ApprovalByRequester
    if decision == "approved" or not note:
        return asking.answer(
            thing, officer, decision, seen=request_seen, deed=close_as_agreed
        )
    asking.check(thing, officer, seen=request_seen)
    _do(case, seen, lambda c: c.disagree(case.violation_id, officer, note=note))
    try:
        asking.answer(thing, officer, decision, seen=request_seen, deed=close_as_agreed)
    except (RequestMoved, DomainError, EventStoreError) as error:
        raise NotFinished(error) from error
    return None


def withdraw(case: Case, officer: str, *, seen: int, request_seen: int) -> None:
    """Who proposed it takes the request back; the case stays open."""
    asking.withdraw(_thing(case, seen), officer, seen=request_seen)


def ask_again(case: Case, officer: str, *, seen: int) -> None:
    """Somebody asks for a second person once more: who proposed it, or a colleague who is there while they are not.

    seen: the version of the proposal. Raises `Overtaken`, `ViolationNotProposed`, `ApprovalWaiting`.
    """
    _standing(case, seen)
    asking.ask_again(_thing(case, seen), officer)


def close_as_agreed(thing: Thing) -> Result:
    """The deed: close it as it was proposed, unless that is done or something else was done meanwhile."""
    case = case_of(thing.object)
    proposal = _proposal(case, thing.version)

    def closing(child: Child) -> None:
        child.resolve(
            case.violation_id,
            proposal.officer,
            proposal.outcome,
            clause=proposal.clause,
        )

    try:
        _do(case, thing.version, closing)
    except Overtaken as overtaken:
        first = registry().event_of(overtaken.done[0])
        return "done" if isinstance(first, SafetyViolationResolved) else "overtaken"
    return "done"


def case_of(thing: str) -> Case:
    """The violation that a request names."""
    stream_id, _, violation_id = thing.partition("/")
    return Case(stream_id.partition(".")[2], violation_id)


def _thing(case: Case, version: int) -> Thing:
    return Thing("close_violation", case.object, version)


def _standing(case: Case, version: int) -> SafetyViolationDecisionProposed:
    """The proposal at this version, which nothing ended. Raises `Overtaken`, `ViolationNotProposed`."""
    if done := done_since(case, version):
        raise Overtaken(done)
    return _proposal(case, version)


def _proposal(case: Case, version: int) -> SafetyViolationDecisionProposed:
    """Raises `ViolationNotProposed` where there is none about this very violation: what is sent names any version."""
    read = get_event_store().read(
        case.stream_id, from_version=version, to_version=version
    )
    for event in read:
        said = registry().event_of(event)
        if not isinstance(said, SafetyViolationDecisionProposed):
            continue
        if said.violation_id == case.violation_id:
            return said
    raise ViolationNotProposed


def _is_proposed(case: Case, version: int) -> bool:
    """Whether what was decided at this version is a proposal."""
    [event] = get_event_store().read(
        case.stream_id, from_version=version, to_version=version
    )
    return isinstance(registry().event_of(event), SafetyViolationDecisionProposed)


def _do(case: Case, seen: int, does: Callable[[Child], None]) -> AppendResult:
    """Decide at the stream's end and append there, if nobody did anything about the violation since `seen`; else `Overtaken`."""
    children = get_service().repository_for(Child)
    for left in reversed(range(TRIES)):
        try:
            child = children.load(case.child_id)
        except StreamNotFound as error:
            raise ViolationUnknown from error
        done = done_since(case, seen, child.version)
        if done or seen > child.version:
            raise Overtaken(done)
        does(child)
        try:
            saved = children.save(child)
        except WrongExpectedVersion:
            if not left:
                raise
            continue
        if saved is not None:
            return saved
        break
    msg = "an act records something"
    raise TypeError(msg)


def done_since(
    case: Case, seen: int, until: int | None = None
) -> Sequence[RecordedEvent]:
    """What somebody did about it behind that version; the clock's levels are nobody's act."""
    if until is not None and seen >= until:
        return []
    read = get_event_store().read(
        case.stream_id, from_version=seen + 1, to_version=until
    )
    return [event for event in read if _is_act(case, event)]


def _is_act(case: Case, event: RecordedEvent) -> bool:
    """By the clear fields: an event about something else need not be one that can be read."""
    if event.data.get("violation_id") != case.violation_id:
        return False
    return not is_the_clocks(registry().event_of(event))
