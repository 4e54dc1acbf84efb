"""The columns of what is folded, named once; and how statements ask for a verdict.

Whoever lists them asks here: the fold's writes, reads, `verify`, `restore_log`. The models say the same for migrations,
and a test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.protocol.fold import DECIDING as DECIDING_VERDICTS
from eventstore.protocol.fold import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RECORD: Final[Mapping[str, str]] = {
    "position": "int8",
    "recorded_at": "timestamptz",
    "verdict": "int2",
    "reason": "text",
    "head": "int4",
    "commit_id": "uuid",
    "stream_id": "text",
    "first_version": "int4",
    "event_count": "int2",
    "key": "bytea",
    "value": "bytea",
    "hash": "bytea",
}
"""The mirror's, in the order of the fold's rows, with the types that COPY must name."""

EVENT: Final[Mapping[str, str]] = {
    "position": "int8",
    "event_id": "uuid",
    "stream_id": "text",
    "version": "int4",
    "event_type": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "correlation_id": "uuid",
    "causation_id": "uuid",
}
"""The index's, likewise."""

HEAD: Final = ("stream_id", "version", "first_recorded_at", "last_recorded_at")
"""Of a stream's row, what readers are told."""

ACCEPTED_RECORD: Final = ("position", "recorded_at", "first_version", "value")
"""What of an accepted record gives its events: `queries.rows` takes rows that begin so."""

BYTES: Final = ("position", "recorded_at", "key", "value", "hash")
"""What of a record is the log's: it can be put back from these, and held against its hash."""

ACCEPTED: Final = str(Verdict.ACCEPTED.value)
"""To be put into `verdict = {accepted}`."""

DECIDING: Final = "(" + ", ".join(str(one.value) for one in DECIDING_VERDICTS) + ")"
"""To be put into `verdict IN {deciding}`, which is the condition of the index `eventstore_record_commit`."""


def listed(columns: Iterable[str], of: str = "") -> str:
    """As a statement lists them. of: what the statement calls the table."""
    return ", ".join(f"{of}.{column}" if of else column for column in columns)
