"""Folds a partition forward. Appender and mirror call it alike; whoever gets the row folds for everybody."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eventstore import metrics
from eventstore.database import (
    Condition,
    Overtaken,
    condition_of,
    is_the_databases,
    translated,
)
from eventstore.errors import (
    DatabaseUnanswered,
    EventStoreError,
    MirrorDiverged,
    UnknownRuleVersion,
)
from eventstore.events import Commit, Place
from eventstore.indexer.entries import Own, fresh
from eventstore.indexer.flush import Stretch, flush, flush_together
from eventstore.indexer.following import follow
from eventstore.indexer.heads import lacks, learn
from eventstore.indexer.loading import load, next_entries, read
from eventstore.indexer.lookup import look_up, question
from eventstore.indexer.own import at_cursors
from eventstore.indexer.share import Patience, refuse_after
from eventstore.indexer.views import Views
from eventstore.indexer.watch import Watch
from eventstore.log.topics import Topics, check
from eventstore.protocol.fold import Entry, Folded, Judged, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import psycopg

    from eventstore.database import Connect
    from eventstore.indexer.telling import Telling
    from eventstore.indexer.view import View
    from eventstore.ports import Clock, Extent, Log


class Indexer:
    """The fold's hands: a log, a connection of its own, and a view per partition. One thread's.

    share_s: seconds for which one call of `advance` may fold, where others wait for their places; None: as long as it takes.
    """

    def __init__(
        self,
        topics: Topics,
        log: Log,
        connect: Connect,
        clock: Clock,
        telling: Telling,
    ) -> None:
        self.topics = topics
        self.log = log
        self.telling = telling
        self.share_s: float | None = None
        self._clock = clock
        self._connect = connect
        self._open: psycopg.Connection[Any] | None = None
        self._views = Views()
        self._watch = Watch(topics, log, clock)
        self._unknown_rules: dict[Place, tuple[int, int]] = {}  # offset, version

    def known(self, place: Place) -> View | None:
        """What this process knows of the place without asking; None if nothing."""
        return self._views.get(place)

    def learn(self, named: AbstractSet[tuple[Place, str]]) -> None:
        """Ask for the heads of streams that the views lack, where they can be told. Raises as `advance`."""
        if lacking := lacks(self._views, named):
            with translated():
                learn(self.connection(), lacking)

    def rule_version(self, place: Place) -> int:
        """The rule version in force, as this process last saw it."""
        return self._view(place).rule_version

    def cursor(self, place: Place) -> int:
        """Where this process last saw the cursor. Loads the view if there is none.

        Once a minute it looks at topics and log again: whoever goes on with a view must find out, too, that they are
        not what they were. Raises `LogMisconfigured`, `LogTruncated`.
        """
        with translated():
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
        Raises `DatabaseUnanswered`, what the log raises, and between two turns `LogUnanswered` after the
        deadline (monotonic), `ShareSpent` after `share_s`: what was folded until then is committed.
        """
        done: list[Judged] = []
        begun = self._clock.monotonic()
        own_by_offset = {o.entry.offset: o for o in own}
        with self._views_dropped_on_trouble(place):
            while (view := self._view(place)).cursor < until:
                done += self._turn(view, own_by_offset)
                self._views.settle([place])
                if view.cursor < until:
                    refuse_after(self._clock, begun, deadline, self.share_s)
        return done

    def fold_own(
        self, own: Mapping[Place, Sequence[Own]]
    ) -> Mapping[Place, Sequence[Judged]]:
        """A quick way for what this process has just produced: all places in one round trip; what is committed of them.

        What it does not fold, or cannot, it leaves out, for `advance`, which meets the same trouble and says it.
        """
        stretches: list[Stretch] = []
        try:
            with translated():
                connection = self.connection()
                stretches = at_cursors(connection, self._views, own)
                if stretches:
                    with metrics.FOLD_SECONDS.labels("flush").time():
                        flush_together(connection, stretches)
        except DatabaseUnanswered:
            self.close()
        except Exception as error:
            if not is_the_databases(error):
                raise
            self._drop(stretches, error)
        committed = [s for s in stretches if s.is_committed]
        for stretch in committed:
            self.telling.folded(stretch.view.place, stretch.folded)
        self._views.settle([s.view.place for s in stretches])
        return {s.view.place: s.folded.judged for s in committed}

    def _drop(self, stretches: Sequence[Stretch], error: Exception) -> None:
        """What was not committed has a view that is behind, or not to be trusted."""
        waiting = [s.view for s in stretches if not s.is_committed]
        if isinstance(error, Overtaken):
            self._lose(waiting[0])
        else:
            for view in waiting:
                self.forget(view.place)

    def _lose(self, view: View) -> None:
        """Nothing was written: somebody else has moved the cursor."""
        metrics.FOLD_RACES.inc()
        view.is_behind = True
        self.connection().rollback()

    def stretch(self, place: Place) -> int:
        """Fold one stretch of the place, so that its caller may stop between two; how many offsets that moved."""
        before = self.cursor(place)
        self.advance(place, before + 1)
        return self.cursor(place) - before

    def catch_up(
        self, places: Sequence[Place], patience: Patience | None = None
    ) -> Mapping[Place, int]:
        """Fold the places to the log's end as read now; where their cursors then stand. Raises as `advance`.

        Whoever comes back after `ShareSpent` with the same patience gets to the end as read at the first call.
        """
        patience = patience or Patience()
        extents = patience.extents
        if new := [place for place in places if place not in extents]:
            extents.update(self.log.extents(new))
        for place in places:
            if self.lag(place, extents[place]):
                self.advance(place, extents[place].end, deadline=patience.deadline)
        return {place: self.cursor(place) for place in places}

    def end(self, place: Place) -> int:
        """The log's end there, now. Raises `LogTruncated` if the log is too short."""
        self.lag(place, extent := self.log.extents([place])[place])
        return extent.end

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

    def _turn(self, view: View, own: dict[int, Own]) -> Sequence[Judged]:
        """Fold the next stretch; nothing yet where the view had to follow others first."""
        held = False
        if view.is_behind or (own and view.cursor not in own):
            seen = view.cursor
            if not follow(self.connection(), view):
                self.forget(view.place)
                return ()
            if not (held := view.cursor in own):
                self.connection().rollback()
                if view.cursor != seen:
                    return ()
        entries, cursor = next_entries(self.log, view, own)  # 1
        try:
            folded = self._fold(view, entries, cursor, own, held=held)
        except Overtaken:
            self._lose(view)
            return ()
        self.telling.folded(view.place, folded)
        if folded.judged:
            self.telling.dated(view.place, folded.judged[-1])
        return folded.judged

    def _fold(
        self,
        view: View,
        entries: Sequence[Entry],
        cursor: int,
        own: dict[int, Own],
        *,
        held: bool,
    ) -> Folded:
        """held: the transaction is open and has the place's row."""
        connection = self.connection()
        named = [e.content for e in entries if isinstance(e.content, Commit)]
        asked = question(view, named, fresh(view, entries, own))
        with metrics.FOLD_SECONDS.labels("lookup").time():
            state = look_up(connection, view, asked, named, begun=held)  # 2
        folded = fold(state, entries)  # 3
        if len(folded.judged) < len(entries):
            # an activation that this code does not know
            cursor = entries[len(folded.judged)].offset
        with metrics.FOLD_SECONDS.labels("flush").time():
            begun = held or bool(asked)
            flush(connection, Stretch(view, folded, cursor, begun=begun))  # 4
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

    def forget(self, place: Place) -> None:
        """Forget the view; end a transaction that a look-up or a lost race has left open."""
        self._views.pop(place, None)
        if self._open is not None and not self._open.closed:
            self._open.rollback()

    @contextmanager
    def _views_dropped_on_trouble(self, place: Place) -> Iterator[None]:
        try:
            with translated():
                yield
        except DatabaseUnanswered:
            self.close()
            raise
        except UnknownRuleVersion as error:
            self._unknown_rules[place] = error.offset, error.version
            self.forget(place)
            raise
        except EventStoreError:
            self.forget(place)
            raise
        except Exception as error:
            if not is_the_databases(error):
                raise
            view = self._views.get(place)
            self.forget(place)
            if view is not None and condition_of(error) is Condition.TAKEN:
                where = place.topic, place.partition, view.cursor
                raise MirrorDiverged(*where) from error
            raise
