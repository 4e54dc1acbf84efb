"""Folds a partition forward. Appender and mirror call it alike; whoever gets the row folds for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore import metrics
from eventstore.database import Overtaken
from eventstore.indexer.flush import Stretch, flush
from eventstore.indexer.following import Following
from eventstore.indexer.lookup import LookUp
from eventstore.indexer.share import Share
from eventstore.protocol.fold import Entry, Folded, Judged, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.indexer.keeping import Keeper
    from eventstore.indexer.loading import Loader
    from eventstore.indexer.session import Session
    from eventstore.indexer.view import View


class Advance:
    """From where a view stands, a stretch of the log after the other, each in a transaction.

    share_s: seconds for which one call may fold, where others wait for their places; None: as long as it takes.
    """

    def __init__(self, session: Session, keeper: Keeper, loader: Loader) -> None:
        self.share_s: float | None = None
        self._session = session
        self._keeper = keeper
        self._loader = loader
        self._following = Following(session)

    def to(
        self, place: Place, until: int, own: Sequence[Own], deadline: float | None
    ) -> list[Judged]:
        """See `Folds.advance`."""
        done: list[Judged] = []
        share = Share(self._session.clock, self.share_s, deadline)
        own_by_offset = {o.entry.offset: o for o in own}
        with self._keeper.dropping_on_trouble(place):
            while (view := self._keeper.view(place)).cursor < until:
                done += self._stretch(view, own_by_offset)
                self._keeper.settle([place])
                if view.cursor < until:
                    share.refuse_if_spent()
        return done

    def _stretch(self, view: View, own: Mapping[int, Own]) -> Sequence[Judged]:
        """Fold the next stretch; nothing yet where the view had to follow others first.

        1. read the log from the cursor as last seen, outside any transaction; then in one transaction:
        2. look up the ids these records name, and the heads the view lacks
        3. fold                              4. flush: the cursor first, then mirror, index, heads
        A crash or a lost race rolls back all of it; the next one starts at the cursor and gets the same verdicts.
        """
        held = False
        if view.is_overtaken or (own and view.cursor not in own):
            seen = view.cursor
            if not self._following.follow(view):
                self._keeper.forget(view.place)
                return ()
            if not (held := view.cursor in own):
                self._session.connection().rollback()
                if view.cursor != seen:
                    return ()
        entries, cursor = self._loader.next_entries(view, own)  # 1
        try:
            folded = self._fold(view, entries, cursor, own, held=held)
        except Overtaken:
            self._keeper.lose(view)
            return ()
        self._session.reporter.folded(view.place, folded)
        if folded.judged:
            self._session.reporter.dated(view.place, folded.judged[-1])
        return folded.judged

    def _fold(
        self,
        view: View,
        entries: Sequence[Entry],
        cursor: int,
        own: Mapping[int, Own],
        *,
        held: bool,
    ) -> Folded:
        """held: the transaction is open and has the place's row."""
        connection = self._session.connection()
        look_up = LookUp(view, entries, own)
        with metrics.FOLD_SECONDS.labels("lookup").time():
            if look_up.is_needed:
                look_up.ask(connection, begun=held)  # 2
        folded = fold(look_up.state(), entries)  # 3
        if len(folded.judged) < len(entries):
            # an activation that this code does not know
            cursor = entries[len(folded.judged)].offset
        with metrics.FOLD_SECONDS.labels("flush").time():
            begun = held or look_up.is_needed
            flush(connection, Stretch(view, folded, cursor, begun=begun))  # 4
        return folded
