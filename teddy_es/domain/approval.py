"""What needs four eyes: asked by one person, decided by another. Stream: `approval.{id}`, one for each kind of deed and its object.

A request is made for one version of its object, and waits until somebody else decides it, until who asked takes it back,
or until its time is over. What was agreed to is carried out, once; behind each end the stream takes the next request.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

import msgspec

from eventstore.aggregates import Aggregate
from eventstore.registry import Event
from teddy_es.domain.errors import (
    ApprovalByRequester,
    ApprovalExpiredAlready,
    ApprovalNotApproved,
    ApprovalNotTheirs,
    ApprovalNotWaiting,
    ApprovalWaiting,
)
from teddy_es.domain.fields import Code, Count, Instant, Words

Kind = Literal[
    "close_violation", "unmasked_export", "erasure", "lift_hold", "auditor_grant"
]
Decision = Literal["approved", "refused"]
Result = Literal["done", "overtaken"]
Standing = Literal["none", "waiting", "approved"]

Object = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:/-]{1,220}\Z")]
"""What it is about: a stream's id, and where it is one thing of that stream a / and its own id."""

_NAMES: Final = UUID("6f1d2f5e-8f2a-5c0e-9a4d-3e5b7c1d9f02")


class ApprovalRequested(Event, frozen=True, kw_only=True):
    """Somebody asked to do something that one person alone may not do. version: of the object, as who asked saw it."""

    kind: Kind
    object: Object
    requested_by: Code
    expires_at: Instant
    reason: Words
    version: Count | None = None


class ApprovalDecided(Event, frozen=True, kw_only=True):
    """Somebody else said yes or no."""

    decision: Decision
    decided_by: Code
    note: Words | None = None


class ApprovalExpired(Event, frozen=True, kw_only=True):
    """Nobody decided in time."""


class ApprovalWithdrawn(Event, frozen=True, kw_only=True):
    """Who asked does not want it any more."""

    withdrawn_by: Code


class ApprovalCarriedOut(Event, frozen=True, kw_only=True):
    """What was agreed to was done; or nothing is to be done any more, because the object had become another one meanwhile."""

    result: Result


def approval_of(kind: Kind, object: str) -> str:  # noqa: A002  (as the event's field is called)
    """The id of its stream: two who ask for the same meet in it."""
    return str(uuid5(_NAMES, f"{kind} {object}"))


def object_of(child_id: str, violation_id: str) -> str:
    """How a request names a violation."""
    return f"child.{child_id}/{violation_id}"


class ApprovalState(msgspec.Struct):
    """The newest request, as far as the rules need it."""

    standing: Standing = "none"
    requested_by: str = ""
    expires_at: datetime | None = None
    version: int | None = None
    object: str = ""


class Approval(Aggregate[ApprovalState]):
    """Requests about one thing, one behind the other."""

    stream_type = "approval"
    state_type = ApprovalState

    def request(
        self,
        kind: Kind,
        object: str,  # noqa: A002
        by: str,
        *,
        reason: str,
        expires_at: datetime,
        version: int | None = None,
    ) -> None:
        """Raises `ApprovalWaiting` where one waits, or was agreed to and is not carried out yet."""
        if self.state.standing != "none":
            raise ApprovalWaiting
        self.record(
            ApprovalRequested(
                kind=kind,
                object=object,
                requested_by=by,
                expires_at=expires_at,
                reason=reason,
                version=version,
            )
        )

    def decide(
        self, by: str, decision: Decision, now: datetime, *, note: str | None = None
    ) -> None:
        """Raises `ApprovalNotWaiting`, `ApprovalByRequester`, `ApprovalExpiredAlready`."""
        self._refuse_unless_waiting()
        if by == self.state.requested_by:
            raise ApprovalByRequester
        if self.is_over(now):
            raise ApprovalExpiredAlready
        self.record(ApprovalDecided(decision=decision, decided_by=by, note=note))

    def withdraw(self, by: str) -> None:
        """Raises `ApprovalNotWaiting`, `ApprovalNotTheirs`."""
        self._refuse_unless_waiting()
        if by != self.state.requested_by:
            raise ApprovalNotTheirs
        self.record(ApprovalWithdrawn(withdrawn_by=by))

    def expire(self, now: datetime) -> None:
        """Raises `ApprovalNotWaiting`; nothing happens before its time."""
        self._refuse_unless_waiting()
        if self.is_over(now):
            self.record(ApprovalExpired())

    def overtake(self) -> None:
        """The object is another one by now. Raises `ApprovalNotWaiting` where nothing waits and nothing was agreed to."""
        if self.state.standing == "none":
            raise ApprovalNotWaiting
        self.record(ApprovalCarriedOut(result="overtaken"))

    def carry_out(self, result: Result) -> None:
        """Raises `ApprovalNotApproved`."""
        if self.state.standing != "approved":
            raise ApprovalNotApproved
        self.record(ApprovalCarriedOut(result=result))

    def is_over(self, now: datetime) -> bool:
        """Whether its time is."""
        return self.state.expires_at is not None and self.state.expires_at <= now

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        match event:
            case ApprovalRequested():
                self.state.standing = "waiting"
                self.state.requested_by = event.requested_by
                self.state.expires_at = event.expires_at
                self.state.version, self.state.object = event.version, event.object
            case ApprovalDecided():
                agreed = event.decision == "approved"
                self.state.standing = "approved" if agreed else "none"
            case ApprovalWithdrawn() | ApprovalExpired() | ApprovalCarriedOut():
                self.state.standing = "none"

    def _refuse_unless_waiting(self) -> None:
        if self.state.standing != "waiting":
            raise ApprovalNotWaiting
