"""What a parent is, allows and asks for. Stream: `parent.{id}`."""

from __future__ import annotations

from typing import Literal

from eventstore.registry import Event
from teddy_es.domain.fields import Code, Id, Name, Words

Scope = Literal["conversation", "voice_recording", "profiling", "third_party"]


class ParentRegistered(Event, frozen=True, kw_only=True):
    """A parent opened an account."""

    name: Name
    email: Name


class ConsentGranted(Event, frozen=True, kw_only=True):
    """The parent allows something for a child, under the policy as it stood then."""

    child_id: Id
    scope: Scope
    policy_version: Code


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    """The parent allows it no longer."""

    child_id: Id
    scope: Scope


class ErasureRequested(Event, frozen=True, kw_only=True):
    """The parent asked that a child be forgotten."""

    child_id: Id
    reason: Words | None = None
