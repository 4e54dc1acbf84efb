"""The records of one turn, on their way into the fold and out of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from eventstore import metrics
from eventstore.codec import decode
from eventstore.events import TOPIC_PREFIX, Commit
from eventstore.fold import Entry, Folded, StreamKey, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Place
    from eventstore.indexer.view import View
    from eventstore.ports import LogRecord

logger = structlog.get_logger(__name__)


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


def tell(place: Place, folded: Folded) -> None:
    """Count the verdicts; a malformed record gets its line (rule 5), without anything of its content."""
    counts = Counter(one.verdict for one in folded.judged)
    for verdict, count in counts.items():
        metrics.VERDICTS.labels(verdict.word).inc(count)
    if counts[Verdict.ACCEPTED]:
        _count_growth(place, folded)
    if not counts[Verdict.MALFORMED]:
        return
    for one in folded.judged:
        if one.verdict is Verdict.MALFORMED:
            metrics.MALFORMED.labels(one.reason).inc()
            logger.warning(
                "malformed record in the log",
                place=str(place),
                offset=one.entry.offset,
                reason=one.reason,
            )


def _count_growth(place: Place, folded: Folded) -> None:
    accepted = [one for one in folded.judged if one.verdict is Verdict.ACCEPTED]
    commits = (one.entry.content for one in accepted)
    events = sum(len(one.events) for one in commits if isinstance(one, Commit))
    begun = sum(one.first_version == 1 for one in accepted)
    stream_type = place.topic.removeprefix(TOPIC_PREFIX)
    metrics.EVENTS.labels(stream_type).inc(events)
    metrics.STREAMS_BEGUN.labels(stream_type).inc(begun)
