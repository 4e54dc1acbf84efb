"""Folds a partition forward. Appender and mirror call it alike; whoever gets the row folds for everybody."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import structlog

from eventstore import metrics
from eventstore.codec import decode
from eventstore.database import TROUBLE
from eventstore.errors import (
    EventStoreError,
    LogUnavailable,
    MirrorDiverged,
    UnknownRuleVersion,
)
from eventstore.events import Commit, Place
from eventstore.fold import Entry, Folded, Judged, StreamKey, Verdict, fold
from eventstore.indexer.flush import flush
from eventstore.indexer.loading import load, read
from eventstore.indexer.lookup import look_up, question
from eventstore.indexer.watch import Watch
from eventstore.topics import Topics, check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eventstore.database import Connect
    from eventstore.indexer.clocks import LogClocks
    from eventstore.indexer.view import View
    from eventstore.ports import Clock, Extent, Log, LogRecord

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Own:
    """A record that this process has just produced: no fetch is needed for it.

    fresh_since: the serial of the view that stood before its first copy was sent, if its ids were made in
    that call; None: they must be looked up.
    """

    entry: Entry
    fresh_since: int | None = None


class Indexer:
    """The fold's hands: a log, a connection of its own, and a view per partition. One thread's."""

    def __init__(
        self,
        topics: Topics,
        log: Log,
        connect: Connect,
        clock: Clock,
        clocks: LogClocks,
    ) -> None:
        self.topics = topics
        self.log = log
        self.clocks = clocks
        self._clock = clock
        self._connect = connect
        self._open: psycopg.Connection[Any] | None = None
        self._views: dict[Place, View] = {}
        self._watch = Watch(topics, log, clock)
        self._unknown_rules: dict[Place, tuple[int, int]] = {}  # offset, version

    def serial(self, place: Place) -> int | None:
        """What an id made now can be fresh by; None while no view of the place stands."""
        view = self._views.get(place)
        return None if view is None else view.serial

    def rule_version(self, place: Place) -> int:
        """Up to which rule version the place is activated, as this process last saw it."""
        return self._view(place).rule_version

    def cursor(self, place: Place) -> int:
        """Where this process last saw the cursor. Loads the view if there is none.

        Once a minute it looks at topics and log again: whoever goes on with a view must find out, too, that they are
        not what they were. Raises `LogMisconfigured`, `LogTruncated`.
        """
        self._watch.look_at_topics(self.connection())
        cursor = self._view(place).cursor
        self._watch.look_at_beginning(place, cursor)
        return cursor

    def advance(
        self,
        place: Place,
        until: int,
        own: Sequence[Own] = (),
        *,
        deadline: float | None = None,
    ) -> list[Judged]:
        """Fold the place up to `until` or beyond; what this call folded itself, with its verdicts.

        1. read the log from the cursor as last seen, outside any transaction; then in one transaction:
        2. look up the ids these records name, and the heads the view lacks
        3. fold                              4. flush: the cursor first, then mirror, index, heads
        A crash or a lost race rolls back all of it; the next turn starts at the cursor and gets the same verdicts.
        Raises `TROUBLE` if the database does not answer, what the log raises, and `LogUnavailable` between two turns
        after the deadline (monotonic): what was folded until then is committed.
        """
        done: list[Judged] = []
        own_by_offset = {o.entry.offset: o for o in own}
        with self._views_dropped_on_trouble(place):
            while (view := self._view(place)).cursor < until:
                entries, cursor = self._entries(view, own_by_offset)  # 1
                try:
                    folded = self._fold(view, entries, cursor, own_by_offset)
                except psycopg.errors.DivisionByZero:
                    metrics.FOLD_RACES.inc()
                    self.forget(place)
                    continue
                done += folded.judged
                _tell(place, folded)
                if folded.judged:
                    self.clocks.folded(place, folded.judged[-1].entry.recorded_at)
                self._refuse_after(deadline, view.cursor < until)
        return done

    def stretch(self, place: Place) -> int:
        """Fold one stretch of the place, so that its caller may stop between two; how many offsets that moved."""
        before = self.cursor(place)
        self.advance(place, before + 1)
        return self.cursor(place) - before

    def catch_up(
        self, places: Sequence[Place], *, deadline: float | None = None
    ) -> Mapping[Place, int]:
        """Fold the places to the log's end as read now; where their cursors then stand. Raises as `advance`."""
        for place, extent in self.log.extents(places).items():
            if self.lag(place, extent):
                self.advance(place, extent.end, deadline=deadline)
        return {place: self.cursor(place) for place in places}

    def lag(self, place: Place, extent: Extent) -> int:
        """How many offsets of the place wait to be folded. Raises `LogTruncated` if the log is too short."""
        cursor = self.cursor(place)
        if not extent.start <= cursor <= extent.end:
            with self._views_dropped_on_trouble(place):
                read(self.log, place, cursor)
        return max(0, extent.end - cursor)

    def connection(self) -> psycopg.Connection[Any]:
        """The indexer's own connection, opened if need be. For reads in autocommit."""
        if self._open is None or self._open.closed:
            self._views.clear()
            self._open = self._connect()
        return self._open

    def close(self) -> None:
        """Let go of connection and views; the next call starts anew."""
        self._views.clear()
        if self._open is not None:
            self._open.close()
            self._open = None

    def doubt(self) -> None:
        """Have the topics looked at before anything else, not only once a minute."""
        self._watch.doubt()

    def check_topics(self) -> None:
        """Hold the log's topics against the rows. Raises `LogMisconfigured`."""
        check(self.topics, self.log, self.connection())

    # ---- one turn

    def _entries(self, view: View, own: dict[int, Own]) -> tuple[list[Entry], int]:
        """The next stretch of the log: what this process produced at exactly the cursor, else a fetch."""
        entries = []
        cursor = view.cursor
        while cursor in own:
            entries.append(own[cursor].entry)
            cursor += 1
        if entries:
            return entries, cursor
        batch = read(self.log, view.place, view.cursor)
        if batch.next_offset == view.cursor:
            msg = f"{view.place} does not show offset {view.cursor} yet"
            raise LogUnavailable(msg)
        return [_entry(record) for record in batch.records], batch.next_offset

    def _fold(
        self, view: View, entries: Sequence[Entry], cursor: int, own: dict[int, Own]
    ) -> Folded:
        connection = self.connection()
        named = [e.content for e in entries if isinstance(e.content, Commit)]
        asked = question(view, named, _fresh(view, entries, own))
        with metrics.FOLD_SECONDS.labels("lookup").time():
            state = look_up(connection, view, asked, named)  # 2
        folded = fold(state, entries)  # 3
        if len(folded.judged) < len(entries):
            cursor = entries[
                len(folded.judged)
            ].offset  # an activation this code does not know
        with metrics.FOLD_SECONDS.labels("flush").time():
            flush(connection, view, folded, cursor, begun=bool(asked))  # 4
        view.move(folded, cursor)
        return folded

    # ---- views

    def _view(self, place: Place) -> View:
        connection = self.connection()
        if place in self._unknown_rules:  # for good: code learns no rules while it runs
            raise UnknownRuleVersion(
                place.topic, place.partition, *self._unknown_rules[place]
            )
        view = self._views.get(place)
        if view is None:
            self._watch.look_at_topics(connection)
            view = self._views[place] = load(self.topics, self.log, connection, place)
        return view

    def _refuse_after(self, deadline: float | None, more: bool) -> None:  # noqa: FBT001
        if more and deadline is not None and self._clock.monotonic() > deadline:
            msg = "the end of what has to be folded first was not reached in time"
            raise LogUnavailable(msg)

    def forget(self, place: Place) -> None:
        """Forget the view; end a transaction that a look-up or a lost race has left open."""
        self._views.pop(place, None)
        if self._open is not None and not self._open.closed:
            self._open.rollback()

    @contextmanager
    def _views_dropped_on_trouble(self, place: Place) -> Iterator[None]:
        try:
            yield
        except TROUBLE:
            self.close()
            raise
        except psycopg.errors.UniqueViolation as error:
            cursor = self._views[place].cursor
            self.forget(place)
            raise MirrorDiverged(place.topic, place.partition, cursor) from error
        except UnknownRuleVersion as error:
            self._unknown_rules[place] = error.offset, error.version
            self.forget(place)
            raise
        except (EventStoreError, psycopg.Error):
            self.forget(place)
            raise


def _fresh(
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


def _entry(record: LogRecord) -> Entry:
    return Entry(
        record.offset,
        record.recorded_at,
        record.key,
        record.value,
        decode(record.key, record.value),
    )


def _tell(place: Place, folded: Folded) -> None:
    """Count the verdicts; a malformed record gets its line (rule 5), without anything of its content."""
    for one in folded.judged:
        metrics.VERDICTS.labels(one.verdict.word).inc()
        if one.verdict is Verdict.MALFORMED:
            metrics.MALFORMED.labels(one.reason).inc()
            logger.warning(
                "malformed record in the log",
                place=str(place),
                offset=one.entry.offset,
                reason=one.reason,
            )
