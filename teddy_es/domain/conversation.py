"""What a child and Teddy say to each other. Stream: `conversation.{id}`; the events are about the child."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from eventstore.aggregates import Aggregate
from eventstore.registry import SENSITIVE, Event
from teddy_es.domain.errors import (
    ConversationAlreadyStarted,
    ConversationIsOver,
    ConversationNotStarted,
)
from teddy_es.domain.fields import Code, Id, Words

MessageVersion = Annotated[int, msgspec.Meta(ge=1)]
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


class MessageScreened(Event, frozen=True, kw_only=True):
    """A safety filter has judged what was said. message_version: of the event that says it, in this stream."""

    child_id: Id
    message_version: MessageVersion
    detector: Code
    policy_version: Code


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


class ConversationState(msgspec.Struct):
    """What the rules of a conversation need: never what was said."""

    child_id: str | None = None
    is_over: bool = False
    utterances: int = 0


class Conversation(Aggregate[ConversationState]):
    """A conversation of one child with Teddy, from its start to its end."""

    stream_type = "conversation"
    state_type = ConversationState

    def start(
        self,
        child_id: str,
        *,
        device_id: str | None = None,
        language: str | None = None,
    ) -> None:
        """A child begins to talk. Raises `ConversationAlreadyStarted`."""
        if not self.is_new:
            raise ConversationAlreadyStarted
        self.record(
            ConversationStarted(
                child_id=child_id, device_id=device_id, language=language
            )
        )

    def hear(self, text: str) -> None:
        """The child said something. Raises `ConversationNotStarted`, `ConversationIsOver`."""
        self.record(ChildSpoke(child_id=self._going_on(), text=text))

    def reply(
        self,
        text: str,
        *,
        model: str | None = None,
        policy_version: str | None = None,
        blocked: bool | None = None,
    ) -> None:
        """Teddy said something. Raises `ConversationNotStarted`, `ConversationIsOver`."""
        self.record(
            TeddyReplied(
                child_id=self._going_on(),
                text=text,
                model=model,
                policy_version=policy_version,
                blocked=blocked,
            )
        )

    def screen(
        self, message_version: int, *, detector: str, policy_version: str
    ) -> None:
        """A safety filter has judged what was said at this version, also when all is over. Raises `ConversationNotStarted`."""
        if self.state.child_id is None:
            raise ConversationNotStarted
        self.record(
            MessageScreened(
                child_id=self.state.child_id,
                message_version=message_version,
                detector=detector,
                policy_version=policy_version,
            )
        )

    def end(self, reason: EndReason | None = None) -> None:
        """Nobody says anything more. Raises `ConversationNotStarted`, `ConversationIsOver`."""
        self.record(ConversationEnded(child_id=self._going_on(), reason=reason))

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        match event:
            case ConversationStarted():
                self.state.child_id = event.child_id
            case ChildSpoke() | TeddyReplied():
                self.state.utterances += 1
            case ConversationEnded():
                self.state.is_over = True

    def _going_on(self) -> str:
        """Whose it is."""
        if self.state.child_id is None:
            raise ConversationNotStarted
        if self.state.is_over:
            raise ConversationIsOver
        return self.state.child_id
