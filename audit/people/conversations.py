"""Conversations: whose, from when to when, and how many of their messages nobody has judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.people.models import Conversation
from audit.people.writing import occurred, own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationEnded,
    ConversationStarted,
    MessageScreened,
    TeddyReplied,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published


class Conversations(Projection):
    """A row for each conversation, from whichever event it begins with."""

    name = "conversations"
    models = (Conversation,)
    types = (
        ConversationStarted,
        ChildSpoke,
        TeddyReplied,
        MessageScreened,
        ConversationEnded,
    )

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        rows = Conversation.objects.in_bulk({own_id(event) for event in events})
        for event in events:
            name = own_id(event)
            if name not in rows:
                rows[name] = _begun(name, event)
            _change(rows[name], event)
        put(Conversation, rows.values())


def _begun(name: str, event: Published) -> Conversation:
    return Conversation(
        conversation_id=name,
        child_id=_child_of(event),
        known_at=event.recorded_at,
        known_position=place(event),
    )


def _child_of(event: Published) -> str:
    """Every event of a conversation says whose it is."""
    child_id: str = event.event.child_id  # type: ignore[attr-defined]
    return child_id


def _change(row: Conversation, event: Published) -> None:
    if _child_of(event) != row.child_id:
        row.names_others = (
            True  # then it is no household's, and nothing of it is shown to one
        )
    match event.event:
        case ConversationStarted() as started:
            row.language = started.language
            row.started_at = event.recorded_at
            row.started_occurred_at = occurred(event)
            row.started_position = place(event)
        case ChildSpoke() | TeddyReplied():
            row.messages += 1
            row.unscreened.append(event.version)
        case MessageScreened() as screened:
            if screened.message_version in row.unscreened:
                row.unscreened.remove(screened.message_version)
        case ConversationEnded() as ended:
            row.end_reason = ended.reason
            row.ended_at = event.recorded_at
            row.ended_occurred_at = occurred(event)
            row.ended_position = place(event)
