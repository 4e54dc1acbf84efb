"""Partitions that are not folded any further, and what was decided of them; true of an incomplete index, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from eventstore.queries.connection import unchecked_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stopped:
    """One partition. code, cause, since: None where nothing is noted any more and it is only set aside.

    act: "set_aside", "taken_back" or None, the last that was decided, with who, when and why.
    """

    topic: str
    partition: int
    code: str | None
    cause: str | None
    since: datetime | None
    act: str | None
    reason: str | None
    done_by: str | None
    done_at: datetime | None

    @property
    def place(self) -> str:
        """As it is written everywhere."""
        return f"{self.topic}/{self.partition}"

    @property
    def is_set_aside(self) -> bool:
        """Whether the others may be read without it."""
        return self.act == "set_aside"


# Three tables of a handful of rows; as a rule two of them are empty.
STOPPED: Final = """
    SELECT p.topic, p.partition, s.code, s.cause, s.since, a.act, a.reason, a.done_by, a.done_at
      FROM eventstore_partition p
      LEFT JOIN eventstore_stoppedpartition s ON s.partition = p.id
      LEFT JOIN LATERAL (
           SELECT act, reason, done_by, done_at FROM eventstore_partitionact
            WHERE partition = p.id ORDER BY id DESC LIMIT 1) a ON true
     WHERE s.partition IS NOT NULL OR a.act = 'set_aside'
     ORDER BY p.topic, p.partition
"""


def stopped() -> Sequence[Stopped]:
    """Those that have stopped or are set aside, by topic and number."""
    with unchecked_cursor() as db:
        db.execute(STOPPED)
        return [Stopped(*row) for row in db.fetchall()]
