"""One conversation as the read models have it: what it is, what was found in it, who opened what, and up to when that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from audit.conversations.reveals import MOST, REVEALS, Reveal, bounds, reveals_in
from audit.transcript import FOUND, Found
from eventstore.database.composing import composed
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.unhandled import FIRST
from teddy_es.domain.fields import is_id

# That nothing was found says something only where whoever writes down what is found has come as far as the rest.
_FOLLOWED: Final = (
    ("conversations", "eventstore.conversation"),
    ("screenings", "eventstore.conversation"),
    ("violations", "eventstore.child"),
)
# Index: the key; and those of what is asked beside it, in the same moment.
_TALK: Final = composed(
    """
SELECT t.conversation_id, t.child_id, t.names_others, t.language, t.started_occurred_at, t.ended_occurred_at, t.end_reason,
       t.messages, cardinality(t.unscreened), t.known_at, ({unhandled}) AS unhandled,
       (SELECT coalesce(json_agg(one), '[]')::text FROM ({found}) one) AS found,
       (SELECT coalesce(json_agg(one), '[]')::text FROM ({reveals}) one) AS reveals
  FROM people_conversation t WHERE t.conversation_id = %(conversation)s
""",
    unhandled=FIRST,
    found=FOUND.replace("%(child)s", "t.child_id"),
    reveals=REVEALS.replace("%(child)s", "t.child_id"),
)
_FOUND: Final = msgspec.json.Decoder(list[Found])


@dataclass(frozen=True, slots=True)
class TalkRow:
    """See `audit.people.models.Conversation`. unscreened: how many messages no safety filter has judged. known_before: what the log
    took from then on is not in it; None: it has all that is folded."""

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
    known_before: datetime | None
    found: list[Found]
    reveals: list[Reveal]

    @property
    def ended_by(self) -> str:
        """Why it ended, in words; empty where nobody said."""
        return (self.end_reason or "").replace("_", " ")

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
    given = {
        "conversation": conversation_id,
        "names": [name for name, _ in _FOLLOWED],
        "topics": [topic for _, topic in _FOLLOWED],
        "most": MOST,
        **bounds(conversation_id),
    }
    rows = unchecked_rows(_TALK, given)
    if not rows:
        return None
    *plain, found, reveals = rows[0]
    known: tuple[Any, ...] = (*plain, _FOUND.decode(found), reveals_in(reveals))
    return TalkRow(*known)
