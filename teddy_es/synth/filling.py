"""Writes commits to the log, many at once, and folds them. What stands there already is not doubled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from django.db import connections

from eventstore.appender.admission import Door
from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.errors import LogUnanswered
from eventstore.indexer.mark import complete
from eventstore.opening import sealer
from eventstore.ports import Appended, Proposal
from eventstore.protocol.codec import encode
from eventstore.protocol.fold import Verdict
from eventstore.protocol.placement import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer
    from eventstore.log.topics import Topics
    from eventstore.ports import Log
    from eventstore.store import EventStore
    from teddy_es.synth.history import Draft

_BATCH: Final = 4_000  # commits; the more there are at once, the larger a fold's COPY
_PATIENCE_S: Final = 60.0


@dataclass(slots=True)
class Filled:
    """What came of it. duplicates: commits that stood there before. A mirror that runs beside it folds some of them."""

    commits: int = 0
    events: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0

    @property
    def folded_by_others(self) -> int:
        """The commits whose verdicts were not given here."""
        return self.commits - self.accepted - self.duplicates - self.refused

    def count(self, verdicts: Iterable[Verdict]) -> None:
        """Add what was folded here."""
        for verdict in verdicts:
            if verdict is Verdict.ACCEPTED:
                self.accepted += 1
            elif verdict is Verdict.DUPLICATE:
                self.duplicates += 1
            else:
                self.refused += 1


def is_empty(log: Log, topics: Topics) -> bool:
    """Whether the log holds nothing at all. Raises `LogUnanswered`, `LogMisconfigured`."""
    return all(extent.end == 0 for extent in log.extents(topics.places).values())


def fill(
    store: EventStore,
    drafts: Iterable[Draft],
    *,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Filled:
    """Propose every commit and fold it. on_progress: gets the events done so far, after each batch.

    Commit ids decide for ever, so a history that is filled in again, from the start or after an interruption, changes
    nothing that is there: each copy becomes a record with the verdict `duplicate`. Raises `LogUnanswered` if a record
    is not certainly written, and what the door and a fold raise.
    """
    filled, writing = Filled(), _Writing(store, drafts)
    with closing(writing), store.indexer() as indexer, _a_thread() as thread:
        ahead = thread.submit(writing.next_batch)
        while batch := ahead.result():
            # while this thread folds, the other one writes: each waits for the database most of its time
            ahead = thread.submit(writing.next_batch)
            filled.count(_fold(indexer, batch.ends))
            filled.commits += batch.commits
            filled.events += batch.events
            on_progress(filled.events)
        complete(indexer)
    return filled


@contextmanager
def _a_thread() -> Iterator[ThreadPoolExecutor]:
    """Who seals in it asks the log about keys, on connections that end with it."""
    with ThreadPoolExecutor(1) as thread:
        try:
            yield thread
        finally:
            thread.submit(connections.close_all).result()


def propose(store: EventStore, drafts: Iterable[Draft]) -> int:
    """Only write every commit to the log, for others to fold; how many events these are. Raises as `fill`."""
    with closing(_Writing(store, drafts)) as writing:
        return sum(batch.events for batch in iter(writing.next_batch, None))


@dataclass(slots=True)
class _Batch:
    """What was written at once. ends: the offset behind it, for each place."""

    commits: int
    events: int
    ends: Mapping[Place, int]


class _Writing:
    """Makes records of drafts and appends them, on a log of its own."""

    def __init__(self, store: EventStore, drafts: Iterable[Draft]) -> None:
        self._drafts = iter(drafts)
        self._partitions = store.topics.partitions
        self._door = Door(registry(), SystemClock(), sealer())
        self._log = store.make_log()

    def next_batch(self) -> _Batch | None:
        """None when there is nothing more to write."""
        drafts = list(islice(self._drafts, _BATCH))
        if not drafts:
            return None
        ends = self._append([self._proposal(draft) for draft in drafts])
        return _Batch(len(drafts), sum(len(draft.events) for draft in drafts), ends)

    def close(self) -> None:
        self._log.close()

    def _proposal(self, draft: Draft) -> Proposal:
        stream_id, events = draft.stream_id, draft.events
        commit = self._door.commit(stream_id, events, draft.expected, draft.commit_id)
        place = place_of(stream_id, self._partitions)
        return Proposal(place, stream_id.encode(), encode(commit))

    def _append(self, proposals: Sequence[Proposal]) -> dict[Place, int]:
        answers = self._log.append(proposals, timeout_s=_PATIENCE_S)
        ends: dict[Place, int] = {}
        for proposal, answer in zip(proposals, answers, strict=True):
            if not isinstance(answer, Appended):
                raise LogUnanswered(answer.reason)
            ends[proposal.place] = max(ends.get(proposal.place, 0), answer.offset + 1)
        return ends


def _fold(indexer: Indexer, ends: Mapping[Place, int]) -> Iterator[Verdict]:
    for place, end in ends.items():
        for judged in indexer.advance(place, end):
            yield judged.verdict
