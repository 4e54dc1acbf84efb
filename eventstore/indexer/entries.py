"""The records of one turn, on their way into the fold and out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.events import Commit
from eventstore.protocol.codec import decode
from eventstore.protocol.fold import Entry, StreamKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.indexer.view import View
    from eventstore.ports import LogRecord


@dataclass(frozen=True, slots=True)
class Own:
    """A record that this process has just produced: no fetch is needed for it.

    fresh_since: the serial of the view that stood before its first copy was sent, if its ids were made in
    that call; None: they must be looked up.
    """

    entry: Entry
    fresh_since: int | None = None


def fresh(
    view: View, entries: Sequence[Entry], own: dict[int, Own]
) -> frozenset[StreamKey]:
    """The commits whose ids cannot be known to the database: made here while this very view stood (rule 8)."""
    return frozenset(
        (entry.content.stream_id, entry.content.commit_id)
        for entry in entries
        if isinstance(entry.content, Commit)
        and (mine := own.get(entry.offset)) is not None
        and mine.entry.value == entry.value
        and mine.fresh_since == view.serial
    )


def entry_of(record: LogRecord) -> Entry:
    """A record as the fold takes it."""
    return Entry(
        record.offset,
        record.recorded_at,
        record.key,
        record.value,
        decode(record.key, record.value),
    )
