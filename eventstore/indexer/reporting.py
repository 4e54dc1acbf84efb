"""What a process counts and says of what it has folded; shared by its threads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from eventstore import metrics
from eventstore.events import Commit, stream_type_in
from eventstore.indexer.clocks import LogClocks
from eventstore.indexer.malformed import MalformedLines
from eventstore.protocol.fold import Verdict

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.ports import Clock
    from eventstore.protocol.fold import Folded, Judged


class FoldReporter:
    """To Prometheus each verdict; to people malformed records and clocks that are off, without anything of a record's content."""

    def __init__(self, clock: Clock) -> None:
        self.clocks = LogClocks(clock)
        self._malformed = MalformedLines(clock)

    def folded(self, place: Place, folded: Folded) -> None:
        """A stretch was folded and committed."""
        counts = Counter(one.verdict for one in folded.judged)
        for verdict, count in counts.items():
            metrics.VERDICTS.labels(verdict.word).inc(count)
        if counts[Verdict.ACCEPTED]:
            _count_growth(place, folded)
        if counts[Verdict.MALFORMED] or self._malformed.is_silent(place):
            self._malformed.folded(place, folded)

    def dated(self, place: Place, newest: Judged) -> None:
        """A record of the log may be as old as it likes, but not from the future."""
        self.clocks.folded(place, newest.entry.recorded_at)


def _count_growth(place: Place, folded: Folded) -> None:
    accepted = [one for one in folded.judged if one.verdict is Verdict.ACCEPTED]
    commits = (one.entry.content for one in accepted)
    events = sum(len(one.events) for one in commits if isinstance(one, Commit))
    begun = sum(one.first_version == 1 for one in accepted)
    stream_type = stream_type_in(place.topic)
    metrics.EVENTS.labels(stream_type).inc(events)
    metrics.STREAMS_BEGUN.labels(stream_type).inc(begun)
