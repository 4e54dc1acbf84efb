"""The table of snapshots row by row, whoever wrote them and with whatever code: for those who look through all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from eventstore.queries.keyset import Listing
from eventstore.queries.snapshots import Made

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.queries.rows import Cursor

PAGE: Final = 500  # rows; a state has at most 64 KiB
_ROWS: Final = """
SELECT s.stream_id, s.state_schema, s.code, s.version, s.event_id, s.position, s.key_id, s.state, s.mac, s.drifted,
       (SELECT e.recorded_at FROM eventstore_event e
         WHERE e.position = s.position AND e.stream_id = s.stream_id AND e.version = s.version
           AND e.event_id = s.event_id)
  FROM eventstore_snapshot s
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A row. recorded_at: of its event; None where that is not the stream's at that place."""

    stream_id: str
    made: Made
    version: int
    event_id: UUID
    position: int
    key_id: UUID | None
    state: bytes = field(repr=False)
    mac: bytes
    drifted: bool
    recorded_at: datetime | None

    @property
    def key(self) -> dict[str, Any]:
        """As a statement's parameters."""
        return {
            "stream": self.stream_id,
            "version": self.version,
            "event_id": self.event_id,
            **self.made.parameters,
        }


def kept(
    cursor: Cursor,
    after: Kept | None,
    *,
    stream_id: str | None = None,
    most: int = PAGE,
) -> list[Kept]:
    """The next rows behind one, in the order of the key: of all streams, or of one."""
    among = [_OF_STREAM] if stream_id else []
    statement = _KEPT.statement(among, is_behind=after is not None)
    key = _KEPT.key_of(after) if after else ()
    place = {f"key_{n}": part for n, part in enumerate(key)}
    cursor.execute(statement, {**place, "stream": stream_id, "limit": most})
    return [_KEPT.make(*row) for row in cursor.fetchall()]


def number(cursor: Cursor) -> int:
    """Of rows, whoever wrote them."""
    cursor.execute("SELECT count(*) FROM eventstore_snapshot")
    ((count,),) = cursor.fetchall()
    return int(count)


def _row(stream_id: str, schema: int, code: bytes, *rest: Any) -> Kept:
    version, event_id, position, key_id, state, mac, drifted, recorded_at = rest
    return Kept(
        stream_id,
        Made(schema, bytes(code)),
        version,
        event_id,
        position,
        key_id,
        bytes(state),
        bytes(mac),
        drifted,
        recorded_at,
    )


# Index: the key of eventstore_snapshot; and that of eventstore_event, row by row.
_KEPT: Final = Listing(
    _ROWS,
    {
        "s.stream_id": str,
        "s.state_schema": int,
        "s.code": bytes,
        "s.version": int,
        "s.event_id": UUID,
    },
    _row,
    lambda row: (row.stream_id, *row.made, row.version, row.event_id),
)
_OF_STREAM: Final = "s.stream_id = %(stream)s"
