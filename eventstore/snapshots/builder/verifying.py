"""Holds the table of snapshots against this store's keys, and against full replays: what `verify` says of it. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from eventstore.aggregates import Aggregate
from eventstore.conf import aggregates
from eventstore.errors import StateNotStorable, UnreadableEvent
from eventstore.events import stream_type_in, stream_type_of
from eventstore.queries import kept as queries
from eventstore.queries.connection import reading_cursor
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder.replaying import ApplyError, Replay
from eventstore.snapshots.builder.reviewing import rows
from eventstore.snapshots.record import Garbage, believed
from eventstore.snapshots.signing import said_by_row, signer
from eventstore.snapshots.states import encoded, says_the_same
from eventstore.snapshots.topics import snapshot_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from eventstore.events import Place
    from eventstore.ports import Log, LogRecord, Opener
    from eventstore.queries.kept import Kept
    from eventstore.store import EventStore

T = TypeVar("T", bound=Aggregate[Any])

BOUND: Final = 100_000
"""Snapshots that are compared with a replay, if nobody says otherwise; some million events."""
_NAMED: Final = 20  # of those that are wrong; the others are counted
_DAY: Final = 86_400
_NOT_OURS: Final = "it is not signed by this store"


@dataclass(slots=True)
class Compared:
    """What was found. kept: rows; all of them were compared with the keys. compared: those compared with a full replay.

    not_compared: why the others were not: `set aside` (it has drifted), `other code`, `another history`, `beyond the
    bound` (another day's turn), `not replayed` (their events cannot be read), `not ours`, `sealed` (nobody has handed in the right to open
    them), `key gone`. records: of the topics, all
    compared with the keys; passed: those of them that nobody loads, by the reason. wrong: the number of rows and records
    that are not ours, and of rows that say something else than a replay; named: the first, with what is wrong.
    """

    kept: int = 0
    compared: int = 0
    wrong: int = 0
    records: int = 0
    passed: dict[str, int] = field(default_factory=dict)
    not_compared: dict[str, int] = field(default_factory=dict)
    named: list[tuple[str, str]] = field(default_factory=list)

    def leave(self, why: str, count: int = 1) -> None:
        """Some rows are not compared."""
        self.not_compared[why] = self.not_compared.get(why, 0) + count

    def is_wrong(self, which: str, what: str) -> None:
        """One is not what it should be."""
        self.wrong += 1
        if len(self.named) < _NAMED:
            self.named.append((which, what))


class Comparer:
    """One pass over the table. at_most: how many are compared with a replay, None for all; those of whose turn it is today.

    now: says whose turn that is. Day after day the turn goes on where it ended, so that after as many days as the table
    is larger than the bound all had theirs. stream_types: of these streams alone. page: rows a statement. opener: for states of classes that
    read what is sealed; without one they are not compared with a replay.
    """

    def __init__(
        self,
        store: EventStore,
        log: Log,
        *,
        at_most: int | None = BOUND,
        now: datetime,
        stream_types: Sequence[str] | None = None,
        page: int = queries.PAGE,
        opener: Opener | None = None,
    ) -> None:
        self._log = log
        self._at_most = at_most
        self._day = int(now.timestamp()) // _DAY
        self._page = page
        self._of_type: dict[str, _OfClass[Any]] = {
            name: _OfClass(snapshot_store(cls, opener=opener), store)
            for name, cls in aggregates().items()
        }
        self._wanted = None if stream_types is None else set(stream_types)
        self._signer = signer()

    def run(self, progress: Callable[[int], None] = lambda _: None) -> Compared:
        """Compare. Raises what the log raises, `IndexIncomplete`, and database trouble."""
        compared, is_due = Compared(), self._turn()
        self._topics(compared, progress)
        for page in rows(most=self._page):
            due = []
            for row in page:
                if not self._is_wanted(stream_type_of(row.stream_id)):
                    continue
                if self._is_comparable(row, compared, is_due=is_due(compared.kept)):
                    due.append(row)
                compared.kept += 1
            for stream_id, of_stream in groupby(due, lambda row: row.stream_id):
                self._of_type[stream_type_of(stream_id)].compare(
                    list(of_stream), compared
                )
            progress(len(page))
        return compared

    # ---- inside

    def _topics(self, compared: Compared, progress: Callable[[int], None]) -> None:
        """Their records, from the first on, as whoever fills the table would read them. A topic that is not there says nothing."""
        topics = snapshot_topics()
        there = self._log.topics(topics.numbers) if topics.numbers else {}
        places = [
            place
            for place in topics.places
            if place.topic in there and self._is_wanted(stream_type_in(place.topic))
        ]
        for place, extent in self._log.extents(places).items():
            offset = extent.start
            while offset < extent.end:
                batch = self._log.read(place, offset)
                if batch.next_offset == offset:
                    break
                self._records(place, topics.partitions, batch.records, compared)
                progress(batch.next_offset - offset)
                offset = batch.next_offset

    def _records(
        self,
        place: Place,
        partitions: int,
        records: Sequence[LogRecord],
        compared: Compared,
    ) -> None:
        for record in records:
            compared.records += 1
            said = believed(place, partitions, record, self._signer)
            if isinstance(said, Garbage):
                compared.passed[said.reason] = compared.passed.get(said.reason, 0) + 1
                if said.reason == "not_ours":
                    compared.is_wrong(f"{place} offset {record.offset}", _NOT_OURS)

    def _is_wanted(self, stream_type: str) -> bool:
        """Whether streams of this type are."""
        return self._wanted is None or stream_type in self._wanted

    def _turn(self) -> Callable[[int], bool]:
        """Whether it is the turn of the row of this number, counted from 0."""
        most = self._at_most
        if most is None:
            return lambda _: True
        with reading_cursor() as cursor:
            total = max(queries.number(cursor), 1)
        first = self._day * most % total
        return lambda number: (number - first) % total < most

    def _is_comparable(self, row: Kept, compared: Compared, *, is_due: bool) -> bool:
        known = self._of_type.get(stream_type_of(row.stream_id))
        if not self._signer.knows(said_by_row(row, row.made), row.mac):
            compared.is_wrong(_name(row), _NOT_OURS)
            compared.leave("not ours")
        elif row.drifted:
            compared.leave("set aside")
        elif row.recorded_at is None:
            compared.leave("another history")
        elif known is None or row.made != known.made:
            compared.leave("other code")
        elif not known.may_compare:
            compared.leave("sealed")
        elif not is_due:
            compared.leave("beyond the bound")
        else:
            return True
        return False


class _OfClass(Generic[T]):
    """Compares the snapshots of one class, stream by stream, from the events alone."""

    def __init__(self, snapshots: Any, store: EventStore) -> None:
        self.made = snapshots.made_with
        self.may_compare = (
            not snapshots.aggregate.reads_sealed or snapshots.opener is not None
        )
        self._snapshots = snapshots
        self._cls: type[T] = snapshots.aggregate
        self._replay: Replay[T] = Replay(store, snapshots)
        self._last: T | None = None  # goes on where the page before ended

    def compare(self, of_stream: Sequence[Kept], compared: Compared) -> None:
        """Some of a stream's, by version, behind those that were compared last."""
        waiting = {row.version: row for row in of_stream}
        stream_id = of_stream[0].stream_id
        begin = self._last if self._last and self._last.stream_id == stream_id else None
        try:
            for whole in self._replay.through(stream_id, list(waiting), begin):
                self._hold(waiting.pop(whole.version), whole, compared)
                self._last = whole
        except (UnreadableEvent, ApplyError):
            self._last = None
        if waiting:
            compared.leave("not replayed", len(waiting))

    def _hold(self, row: Kept, whole: T, compared: Compared) -> None:
        try:
            value = encoded(self._cls.__name__, whole.state)
        except StateNotStorable:
            compared.leave("not replayed")
            return
        state = self._snapshots.state_in(row)
        if state is None:
            compared.leave("key gone")
            return
        compared.compared += 1
        if not says_the_same(state, value, self._cls.state_type):
            compared.is_wrong(_name(row), "it says another state than its events")


def _name(row: Kept) -> str:
    return f"snapshot of {row.stream_id} at version {row.version}"
