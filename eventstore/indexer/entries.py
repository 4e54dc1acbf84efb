"""The records of one turn, on their way into the fold and out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry

if TYPE_CHECKING:
    from eventstore.ports import LogRecord


@dataclass(frozen=True, slots=True)
class Own:
    """A record that this process has just produced: no fetch is needed for it.

    fresh_since: the serial of the view that stood before its first copy was sent, if its ids were made in
    that call; None: they must be looked up.
    """

    entry: Entry
    fresh_since: int | None = None


def entry_of(record: LogRecord) -> Entry:
    """A record as the fold takes it."""
    return Entry(
        record.offset,
        record.recorded_at,
        record.key,
        record.value,
        decode(record.key, record.value),
    )
