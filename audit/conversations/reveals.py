"""Who opened what of a conversation: the ledger's reveals, as the read model of accesses has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST: Final = 100
# Index: people_access_revealed, whose order is that of letters: what begins with the stream's id and a slash lies between two texts.
_REVEALS: Final = """
SELECT object, actor, purpose, reference, recorded_at, position FROM people_access
 WHERE kind = 'reveal' AND "object" ~>=~ %(first)s AND "object" ~<~ %(behind)s AND subject = %(child)s
 ORDER BY recorded_at DESC, position DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Reveal:
    """Somebody opened messages. first, last: the versions between which they were; None: the record does not say."""

    actor: str
    purpose: str
    reference: str | None
    recorded_at: datetime
    position: int
    first: int | None
    last: int | None

    def covers(self, version: int) -> bool:
        """Whether this message may have been among them."""
        if self.first is None or self.last is None:
            return True
        return self.first <= version <= self.last


def object_of(conversation_id: str, versions: Sequence[int]) -> str:
    """What is recorded of a reveal: the stream and the versions, from the first to the last."""
    first, last = min(versions), max(versions)
    named = str(first) if first == last else f"{first}-{last}"
    return f"conversation.{conversation_id}/{named}"


def reveals_of(
    conversation_id: str, child_id: str, *, most: int = MOST
) -> Sequence[Reveal]:
    """The newest first."""
    stream_id = f"conversation.{conversation_id}"
    given = {
        "child": child_id,
        "first": f"{stream_id}/",
        "behind": f"{stream_id}0",  # the letter behind the slash
        "most": most,
    }
    return [_reveal(*row) for row in unchecked_rows(_REVEALS, given)]


def _reveal(
    object_: str,
    actor: str,
    purpose: str,
    reference: str | None,
    recorded_at: datetime,
    position: int,
) -> Reveal:
    first, _, last = object_.rpartition("/")[2].partition("-")
    known = first.isdigit() and (last or first).isdigit()
    return Reveal(
        actor,
        purpose,
        reference,
        recorded_at,
        position,
        int(first) if known else None,
        int(last or first) if known else None,
    )
