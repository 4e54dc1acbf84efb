"""What a parent is, allows and asks for. Stream: `parent.{id}`."""

from __future__ import annotations

from typing import Literal

import msgspec

from eventstore.aggregates import Aggregate
from eventstore.registry import Event
from teddy_es.domain.errors import (
    ConsentAlreadyGranted,
    ConsentNotGranted,
    ErasureAlreadyRequested,
    ParentAlreadyRegistered,
    ParentNotRegistered,
)
from teddy_es.domain.fields import Code, Id, Name, Words

Scope = Literal["conversation", "voice_recording", "profiling", "third_party"]


class ParentRegistered(Event, frozen=True, kw_only=True):
    """A parent opened an account."""

    name: Name
    email: Name


class ConsentGranted(Event, frozen=True, kw_only=True):
    """The parent allows something for a child, under the policy as it stood then.

    method: how it was verified that this is the parent. notice_version: of the words that the parent was shown.
    """

    child_id: Id
    scope: Scope
    policy_version: Code
    method: Code | None = None
    notice_version: Code | None = None


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    """The parent allows it no longer."""

    child_id: Id
    scope: Scope


class ErasureRequested(Event, frozen=True, kw_only=True):
    """The parent asked that a child be forgotten."""

    child_id: Id
    reason: Words | None = None


class ParentState(msgspec.Struct):
    """What the rules of a parent need. consents: child's id → scope → version of the policy that was agreed to."""

    is_registered: bool = False
    consents: dict[str, dict[Scope, str]] = {}
    erasures: set[str] = set()


class Parent(Aggregate[ParentState]):
    """A parent: what it allows for which child, and what it asked for."""

    stream_type = "parent"
    state_type = ParentState

    def register(self, name: str, email: str) -> None:
        """A parent opens an account. Raises `ParentAlreadyRegistered`."""
        if self.state.is_registered:
            raise ParentAlreadyRegistered
        self.record(ParentRegistered(name=name, email=email))

    def grant_consent(
        self,
        child_id: str,
        scope: Scope,
        policy_version: str,
        *,
        method: str | None = None,
        notice_version: str | None = None,
    ) -> None:
        """Allows something, under the policy as it stands. Raises `ParentNotRegistered`, `ConsentAlreadyGranted` under the same one."""
        if not self.state.is_registered:
            raise ParentNotRegistered
        if self.state.consents.get(child_id, {}).get(scope) == policy_version:
            raise ConsentAlreadyGranted
        self.record(
            ConsentGranted(
                child_id=child_id,
                scope=scope,
                policy_version=policy_version,
                method=method,
                notice_version=notice_version,
            )
        )

    def withdraw_consent(self, child_id: str, scope: Scope) -> None:
        """Allows it no longer. Raises `ConsentNotGranted`, also if it was withdrawn before."""
        if not self.allows(child_id, scope):
            raise ConsentNotGranted
        self.record(ConsentWithdrawn(child_id=child_id, scope=scope))

    def request_erasure(self, child_id: str, *, reason: str | None = None) -> None:
        """Asks that a child be forgotten. Raises `ErasureAlreadyRequested`."""
        if child_id in self.state.erasures:
            raise ErasureAlreadyRequested
        self.record(ErasureRequested(child_id=child_id, reason=reason))

    def allows(self, child_id: str, scope: Scope) -> bool:
        """Whether this is allowed for the child, under whatever version of the policy."""
        return scope in self.state.consents.get(child_id, {})

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        match event:
            case ParentRegistered():
                self.state.is_registered = True
            case ConsentGranted():
                of_child = self.state.consents.setdefault(event.child_id, {})
                of_child[event.scope] = event.policy_version
            case ConsentWithdrawn():
                self.state.consents.get(event.child_id, {}).pop(event.scope, None)
            case ErasureRequested():
                self.state.erasures.add(event.child_id)
