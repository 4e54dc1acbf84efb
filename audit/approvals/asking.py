"""Asking for a second person, for whatever needs one. What an answer leads to is a `Deed` that the asking room hands in.

Nobody answers their own request, superusers included: the aggregate's rule, which knows no roles. A request is made for
one version of its object; a deed says itself whether the object is still that one.

1. the answer is in the log: from now on it is decided     2. the deed     3. that it was done is in the log, too.
A crash between any two leaves an answer that `finishing` carries out; a deed that is done is found done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from audit.conf import conf
from eventstore.aggregates import DomainError
from eventstore.clock import SystemClock
from eventstore.errors import EventStoreError, StreamNotFound, WrongExpectedVersion
from eventstore.service import get_service
from teddy_es.domain.approval import Approval, approval_of

if TYPE_CHECKING:
    from eventstore.events import AppendResult
    from eventstore.ports import Clock
    from teddy_es.domain.approval import Decision, Kind, Result

_log = structlog.get_logger(__name__)
TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Thing:
    """What is asked for: a kind of deed, and its object as one version of it."""

    kind: Kind
    object: str
    version: int

    @property
    def approval_id(self) -> str:
        """Of the stream of its requests."""
        return approval_of(self.kind, self.object)


Deed = Callable[[Thing], "Result"]
"""Does what was agreed to, unless it is done or the object has become another one. May be called again at any time."""


class RequestMoved(Exception):  # noqa: N818  (an answer, not a fault)
    """Somebody answered, withdrew or asked anew meanwhile."""


class NotFinished(Exception):  # noqa: N818  (an answer, not a fault)
    """What somebody answered is in the log. What follows from it is not, or nobody knows: `finishing` sees to that."""

    def __init__(self, error: Exception) -> None:
        tell_unfinished(error)
        super().__init__()


def tell_unfinished(error: Exception) -> None:
    """In the log, by its code."""
    code = getattr(error, "code", type(error).__name__)
    _log.warning(
        "a request could not be finished", action="approval-not-finished", code=code
    )


def ask(
    thing: Thing, by: str, *, reason: str = "", clock: Clock | None = None
) -> AppendResult | None:
    """Ask for it; a request for an earlier version of the object is over. None where this very version was asked for already.

    Raises `ApprovalWaiting` where somebody asks for a later one.
    """
    request = _request(thing, by, reason, clock)

    def asking(approval: Approval) -> None:
        state = approval.state
        if state.version is not None and state.version >= thing.version:
            return
        if state.standing != "none":
            approval.overtake()
        request(approval)

    return _changed(thing.approval_id, asking)


def ask_again(
    thing: Thing, by: str, *, reason: str = "", clock: Clock | None = None
) -> AppendResult | None:
    """The same for a version whose request is over: nobody answered in time, or it was taken back."""
    return _changed(thing.approval_id, _request(thing, by, reason, clock))


def _request(
    thing: Thing, by: str, reason: str, clock: Clock | None
) -> Callable[[Approval], None]:
    """For as long as a request stands."""
    expires_at = (clock or SystemClock()).now() + timedelta(
        hours=conf.TEDDY_APPROVAL_HOURS
    )
    return lambda approval: approval.request(
        thing.kind,
        thing.object,
        by,
        reason=reason,
        expires_at=expires_at,
        version=thing.version,
    )


def answer(
    thing: Thing,
    by: str,
    decision: Decision,
    *,
    seen: int,
    deed: Deed,
    clock: Clock | None = None,
) -> Result | None:
    """Say yes or no, as somebody else than who asked; a yes is carried out at once. What became of the deed; None for a no.

    seen: the version of the approval's stream on the page of who answers. Raises `RequestMoved`, `ApprovalNotWaiting`,
    `ApprovalByRequester`, `ApprovalExpiredAlready`, and where the answer is recorded but not carried out `NotFinished`.
    """
    _saved(_answered(thing, by, decision, seen, clock))  # 1
    if decision != "approved":
        return None
    try:
        result = deed(thing)  # 2
        _say(thing, result)  # 3
    except (DomainError, EventStoreError) as error:
        raise NotFinished(error) from error
    return result


def check(thing: Thing, by: str, *, seen: int, clock: Clock | None = None) -> None:
    """For who must do something before they answer: whether they can. Raises what `answer` would, and records nothing."""
    _answered(thing, by, "refused", seen, clock)


def _answered(
    thing: Thing, by: str, decision: Decision, seen: int, clock: Clock | None
) -> Approval:
    approval = _loaded(thing.approval_id)
    if approval.version != seen or approval.state.version != thing.version:
        raise RequestMoved
    approval.decide(by, decision, (clock or SystemClock()).now())
    return approval


def carry_out(thing: Thing, deed: Deed) -> AppendResult | None:
    """Do what was agreed to, and say so; None if that was said already."""
    return _say(thing, deed(thing))


def _say(thing: Thing, result: Result) -> AppendResult | None:
    def said(approval: Approval) -> None:
        agreed = approval.state.standing == "approved"
        if agreed and approval.state.version == thing.version:
            approval.carry_out(result)

    return _changed(thing.approval_id, said)


def withdraw(thing: Thing, by: str, *, seen: int) -> AppendResult | None:
    """Take it back. Raises `RequestMoved`, `ApprovalNotWaiting`, `ApprovalNotTheirs`."""
    approval = _loaded(thing.approval_id)
    if approval.version != seen:
        raise RequestMoved
    approval.withdraw(by)
    return _saved(approval)


def expire(approval_id: str, *, clock: Clock | None = None) -> AppendResult | None:
    """If its time is over; None if it is not, or nothing waits any more."""
    now = (clock or SystemClock()).now()

    def over(approval: Approval) -> None:
        if approval.state.standing == "waiting":
            approval.expire(now)

    return _changed(approval_id, over)


def _changed(
    approval_id: str, change: Callable[[Approval], None]
) -> AppendResult | None:
    """Decide anew until nobody was quicker. Raises `WrongExpectedVersion` behind so many who were."""
    for left in reversed(range(TRIES)):
        approval = _loaded(approval_id)
        change(approval)
        try:
            return get_service().repository_for(Approval).save(approval)
        except WrongExpectedVersion:
            if not left:
                raise
    return None


def _loaded(approval_id: str) -> Approval:
    try:
        return get_service().repository_for(Approval).load(approval_id)
    except StreamNotFound:
        return Approval(approval_id)


def _saved(approval: Approval) -> AppendResult | None:
    try:
        return get_service().repository_for(Approval).save(approval)
    except WrongExpectedVersion as error:
        raise RequestMoved from error
