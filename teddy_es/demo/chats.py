"""Conversations of the town: what strangers said to each other, at the pace of a child and at the time that is wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from eventstore.protocol.instants import rfc3339
from teddy_es.demo.scribe import Told
from teddy_es.demo.talks import importable
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationEnded,
    ConversationStarted,
    MessageScreened,
    TeddyReplied,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from teddy_es.demo.scribe import Scribe
    from teddy_es.demo.talks import Conversation
    from teddy_es.domain.conversation import EndReason

DETECTOR: Final = "screen/4"
POLICIES: Final = ("2026-03", "2026-09")
_MODELS: Final = ("teddy-3.1", "teddy-3.2")
_LONGEST_PAUSE: Final = timedelta(seconds=45)
_SOON: Final = timedelta(milliseconds=400)
_AT_ONCE: Final = 12  # messages in a commit


@dataclass(frozen=True, slots=True)
class Line:
    """A message. after: how long after the first one. by_child: who said it."""

    text: str
    after: timedelta
    by_child: bool


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation to tell. begins: when. unjudged: how many of its last messages no filter has looked at. is_over: whether it ended."""

    child_id: str
    language: str
    lines: Sequence[Line]
    begins: datetime
    unjudged: int = 0
    is_over: bool = True
    is_newest: bool = True

    def until(self, end: datetime) -> Chat:
        """As far as it had come then; still going on, if there is more of it."""
        said = [line for line in self.lines if self.begins + line.after < end]
        return replace(self, lines=said, is_over=len(said) == len(self.lines))


def lines_of(conversation: Conversation) -> list[Line]:
    """Whoever speaks first is the child. Nobody waits longer than a child does."""
    said = conversation.utterances
    who = said[0]["sender"]
    times = [rfc3339(one["timestamp"]) for one in said]
    after, passed = timedelta(), [timedelta()]
    for before, then in pairwise(times):
        after += min(max(then - before, timedelta(seconds=1)), _LONGEST_PAUSE)
        passed.append(after)
    return [
        Line(importable(one["text"]), at, one["sender"] == who)
        for one, at in zip(said, passed, strict=True)
    ]


def tell(chat: Chat, scribe: Scribe) -> None:
    """Write it down: a few messages at once, then that they were judged."""
    begun = Told(
        ConversationStarted(child_id=chat.child_id, language=chat.language),
        chat.begins,
        "started",
    )
    judged = len(chat.lines) - chat.unjudged
    for first in range(0, len(chat.lines), _AT_ONCE):
        behind = min(first + _AT_ONCE, len(chat.lines))
        before = [] if first else [begun]
        version = scribe.version + 1 + len(before)
        said = [_said(chat, number, scribe) for number in range(first, behind)]
        after = [_ended(chat)] if behind == len(chat.lines) and chat.is_over else []
        scribe.tell(*before, *said, *after)
        if screened := range(first, min(behind, judged)):
            versions = ((number, version + number - first) for number in screened)
            scribe.tell(*(_screened(chat, *one, scribe) for one in versions))


def _ended(chat: Chat) -> Told:
    last = chat.lines[-1]
    reason: EndReason | None = None if last.by_child else "child_left"
    ended = ConversationEnded(child_id=chat.child_id, reason=reason)
    return Told(ended, chat.begins + last.after + _SOON, "ended")


def label(number: int) -> str:
    """Of the message with this place in its conversation."""
    return f"message/{number}"


def is_message(label: str) -> bool:
    """Whether an event of a conversation with this label is one."""
    return label.startswith("message/")


def _said(chat: Chat, number: int, scribe: Scribe) -> Told:
    line, at = chat.lines[number], chat.begins + chat.lines[number].after
    if line.by_child:
        spoke = ChildSpoke(child_id=chat.child_id, text=line.text)
        return Told(spoke, at, label(number))
    replied = TeddyReplied(
        child_id=chat.child_id,
        text=line.text,
        model=_MODELS[chat.is_newest],
        policy_version=POLICIES[chat.is_newest],
    )
    return Told(replied, at, label(number), scribe.id_of(label(number - 1)))


def _screened(chat: Chat, number: int, version: int, scribe: Scribe) -> Told:
    judged = MessageScreened(
        child_id=chat.child_id,
        message_version=version,
        detector=DETECTOR,
        policy_version=POLICIES[chat.is_newest],
    )
    at = chat.begins + chat.lines[number].after + _SOON
    cause = scribe.id_of(label(number))
    return Told(judged, at, f"screened/{number}", cause)
