"""One conversation as the read model has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from eventstore.queries.connection import unchecked_rows
from teddy_es.domain.fields import is_id

# Index: the key.
_TALK: Final = """
SELECT conversation_id, child_id, names_others, language, started_occurred_at, ended_occurred_at, end_reason, messages,
       cardinality(unscreened), known_at FROM people_conversation WHERE conversation_id = %(conversation)s
"""


@dataclass(frozen=True, slots=True)
class TalkRow:
    """See `audit.people.models.Conversation`. unscreened: how many messages no safety filter has judged."""

    conversation_id: str
    child_id: str
    names_others: bool
    language: str | None
    started_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    messages: int
    unscreened: int
    known_at: datetime

    @property
    def seconds(self) -> float | None:
        """How long it was; None while it is not over, or nobody said when it began."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at) / timedelta(seconds=1)


def talk_of(conversation_id: str) -> TalkRow | None:
    """None where there is none, or none that is handled yet."""
    if not is_id(conversation_id):
        return None
    rows = unchecked_rows(_TALK, {"conversation": conversation_id})
    return TalkRow(*rows[0]) if rows else None
