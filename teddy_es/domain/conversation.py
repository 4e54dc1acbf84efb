"""What a child and Teddy say to each other. Stream: `conversation.{id}`; the events are about the child."""

from __future__ import annotations

from typing import Annotated, Literal

from eventstore.registry import SENSITIVE, Event
from teddy_es.domain.fields import Code, Id, Words

EndReason = Literal["child_left", "timeout", "parent_stopped", "safety", "error"]


class ConversationStarted(Event, frozen=True, kw_only=True):
    """A child began to talk to Teddy."""

    child_id: Id
    device_id: Annotated[Code, SENSITIVE] | None = None
    language: Code | None = None


class ChildSpoke(Event, frozen=True, kw_only=True):
    """The child said something."""

    child_id: Id
    text: Words


class TeddyReplied(Event, frozen=True, kw_only=True):
    """Teddy said something, or would have, had it not been blocked."""

    child_id: Id
    text: Words
    model: Code | None = None
    policy_version: Code | None = None
    blocked: bool | None = None


class ConversationEnded(Event, frozen=True, kw_only=True):
    """Nobody says anything more."""

    child_id: Id
    reason: EndReason | None = None
