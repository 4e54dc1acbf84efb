"""Who opened what of a conversation: the ledger's reveals, as the read model of accesses has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from audit.purpose import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 100
# Index: people_access_revealed, whose order is that of letters: the stream's id, and what begins with it and a slash, lie between two
# texts; of what lies there, too, ids that go on with a dash are others'. The id alone is a reveal that names no messages.
REVEALS: Final = """
SELECT object, actor, purpose, reference, recorded_at, position FROM people_access
 WHERE kind = 'reveal' AND "object" ~>=~ %(stream)s AND "object" ~<~ %(behind)s
   AND ("object" = %(stream)s OR "object" ~>=~ %(first)s) AND subject = %(child)s
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

    @property
    def why(self) -> str:
        """The purpose as it is said."""
        known = WORDS.get(self.purpose)
        return self.purpose if known is None else known.label

    def covers(self, version: int) -> bool:
        """Whether this message may have been among them."""
        if self.first is None or self.last is None:
            return True
        return self.first <= version <= self.last


def bounds(conversation_id: str) -> Mapping[str, str]:
    """Between which texts the objects of its reveals lie."""
    stream_id = f"conversation.{conversation_id}"
    # behind the slash comes the nought
    return {
        "stream": stream_id,
        "first": f"{stream_id}/",
        "behind": f"{stream_id}0",
    }


def reveals_in(text: str) -> list[Reveal]:
    """Of the rows as JSON, the newest first."""
    return [
        Reveal(
            row.actor,
            row.purpose,
            row.reference,
            row.recorded_at,
            row.position,
            *_versions(row.object),
        )
        for row in _ROWS.decode(text)
    ]


class _Row(msgspec.Struct):
    object: str
    actor: str
    purpose: str
    reference: str | None
    recorded_at: datetime
    position: int


_ROWS: Final = msgspec.json.Decoder(list[_Row])


def _versions(object_: str) -> tuple[int | None, int | None]:
    first, _, last = object_.rpartition("/")[2].partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        return None, None
    return int(first), int(last or first)
