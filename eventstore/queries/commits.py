"""What became of a commit: by its id, by its stream, or by the offset it was acknowledged at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.events import AppendResult, Commit, Cut, Position
from eventstore.indexer.columns import DECIDING, listed
from eventstore.protocol.fold import StreamKey, Verdict
from eventstore.queries.positions import position_of
from eventstore.queries.rows import Cursor, commit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

# In the order of what `_decided` takes.
_DECISION: Final = (
    "position",
    "recorded_at",
    "verdict",
    "head",
    "first_version",
    "key",
    "value",
)
# One statement, one snapshot: commit and head read apart would let a fold slip in between (rule 11).
# Index: eventstore_record_commit, eventstore_stream_pkey.
_PRE_CHECK: Final = composed(
    """
SELECT asked.stream_id, asked.id, coalesce(s.version, 0), {columns}
  FROM unnest(%(streams)s::text[], %(ids)s::uuid[]) asked(stream_id, id)
  LEFT JOIN eventstore_stream s ON s.stream_id = asked.stream_id
  LEFT JOIN eventstore_record r ON r.commit_id = asked.id AND r.stream_id = asked.stream_id
                               AND r.verdict IN {deciding}
""",
    columns=listed(_DECISION, of="r"),
    deciding=DECIDING,
)
# Cursor and rows in one statement: apart, a crash between them would look like a missing row (rule 12).
_AT: Final = """
SELECT p."cursor", r.position, r.verdict, r.head, r.first_version, r.recorded_at, r.value
  FROM eventstore_partition p LEFT JOIN eventstore_record r ON r.position = ANY(%(positions)s)
 WHERE p.id = %(partition)s
"""
_DECIDED: Final = composed(
    """
SELECT {columns} FROM eventstore_record
 WHERE commit_id = %(commit)s AND verdict IN {deciding}
   AND (%(stream)s::text IS NULL OR stream_id = %(stream)s)
 ORDER BY position LIMIT 1000
""",
    columns=listed(_DECISION),
    deciding=DECIDING,
)


@dataclass(frozen=True, slots=True)
class Decided:
    """The record that decided a commit id in its stream. `head`: the head it met."""

    position: Position
    recorded_at: datetime
    verdict: Verdict
    head: int
    first_version: int | None
    commit: Commit

    def result(self, *, replayed: bool) -> AppendResult:
        """The answer of an accepted commit. Raises ValueError for a refused one."""
        if self.first_version is None:
            msg = "a refused commit has no positions"
            raise ValueError(msg)
        count, place = len(self.commit.events), self.position
        return AppendResult(
            commit_id=self.commit.commit_id,
            stream_id=self.commit.stream_id,
            first_version=self.first_version,
            last_version=self.first_version + count - 1,
            positions=[
                Position(place.topic, place.partition, place.offset, i)
                for i in range(count)
            ],
            recorded_at=self.recorded_at,
            replayed=replayed,
        )


@dataclass(frozen=True, slots=True)
class CommitOutcome:
    """What the log says of a commit id: decided once in each stream that used it, or not in it up to the cut.

    Nothing decided is not final: a copy may still land. Proposing again with the same id settles it.
    """

    decided: Sequence[Decided]
    up_to: Cut


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A row of the mirror at an offset that was acknowledged."""

    verdict: Verdict
    head: int | None
    first_version: int | None
    recorded_at: datetime
    value: bytes | None


def pre_check(
    cursor: Cursor, keys: Sequence[StreamKey]
) -> tuple[Mapping[StreamKey, Decided], Mapping[str, int]]:
    """Those of the commits that are decided, and the heads of all the streams, in one snapshot."""
    cursor.execute(
        _PRE_CHECK, {"streams": [k[0] for k in keys], "ids": [k[1] for k in keys]}
    )
    decided, heads = {}, {}
    for stream_id, commit_id, head, *row in cursor.fetchall():
        heads[stream_id] = head
        if row[0] is not None:
            decided[stream_id, commit_id] = _decided(*row)
    return decided, heads


def mirrored_at(
    cursor: Cursor, partition_id: int, positions: Sequence[int]
) -> tuple[int, Mapping[int, Mirrored]]:
    """The partition's cursor and the rows at these packed positions, in one snapshot."""
    cursor.execute(_AT, {"partition": partition_id, "positions": list(positions)})
    rows = cursor.fetchall()
    return rows[0][0], {
        position: Mirrored(Verdict(verdict), head, first, at, value)
        for _, position, verdict, head, first, at, value in rows
        if position is not None
    }


def decided(
    cursor: Cursor, commit_id: UUID, stream_id: str | None
) -> Sequence[Decided]:
    """The records that decided the id, one a stream; of one stream if it is named."""
    cursor.execute(_DECIDED, {"commit": commit_id, "stream": stream_id})
    return [_decided(*row) for row in cursor.fetchall()]


def _decided(
    position: int, recorded_at: datetime, verdict: int, head: int, first: int | None,
    key: Any, value: Any,
) -> Decided:  # fmt: skip
    return Decided(
        position_of(position),
        recorded_at,
        Verdict(verdict),
        head,
        first,
        commit_of(bytes(key), bytes(value)),
    )
