"""A quick way for a process's own records, where nothing has to be looked up: all places in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore import metrics
from eventstore.database import Overtaken, is_the_databases, translated
from eventstore.errors import DatabaseUnanswered
from eventstore.indexer.flush import Stretch, flush_together
from eventstore.indexer.lookup import LookUp
from eventstore.protocol.fold import KNOWN_RULE_VERSION, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.indexer.keeping import Keeper
    from eventstore.indexer.session import Session
    from eventstore.protocol.fold import Judged


class OwnRecords:
    """Folds what this process has just produced, where it lies at the cursor of a view that is known."""

    def __init__(self, session: Session, keeper: Keeper) -> None:
        self._session = session
        self._keeper = keeper

    def fold(
        self, own: Mapping[Place, Sequence[Own]]
    ) -> Mapping[Place, Sequence[Judged]]:
        """What of it is committed. What it does not fold, or cannot, it leaves to others, who meet the same trouble and say it."""
        stretches: list[Stretch] = []
        try:
            with translated():
                connection = self._keeper.connection()
                stretches = self._at_cursors(own)
                if stretches:
                    with metrics.FOLD_SECONDS.labels("flush").time():
                        flush_together(connection, stretches)
        except DatabaseUnanswered:
            self._keeper.close()
        except Exception as error:
            if not is_the_databases(error):
                raise
            self._drop(stretches, error)
        committed = [s for s in stretches if s.is_committed]
        for stretch in committed:
            self._session.reporter.folded(stretch.view.place, stretch.folded)
        self._keeper.settle([s.view.place for s in stretches])
        return {s.view.place: s.folded.judged for s in committed}

    def _at_cursors(self, own: Mapping[Place, Sequence[Own]]) -> list[Stretch]:
        """What is to be written, place by place."""
        stretches = (self._stretch(place, some) for place, some in own.items())
        return [stretch for stretch in stretches if stretch is not None]

    def _stretch(self, place: Place, own: Sequence[Own]) -> Stretch | None:
        view = self._keeper.known(place)
        if view is None or view.is_overtaken or view.rule_version > KNOWN_RULE_VERSION:
            return None
        entries = [o.entry for o in own]
        cursor = view.cursor + len(entries)
        if [e.offset for e in entries] != list(range(view.cursor, cursor)):
            return None
        look_up = LookUp(view, entries, {o.entry.offset: o for o in own})
        if look_up.is_needed:
            return None
        stretch = Stretch(view, fold(look_up.state(), entries), cursor)
        return None if stretch.is_long else stretch

    def _drop(self, stretches: Sequence[Stretch], error: Exception) -> None:
        """What was not committed has a view that is behind, or not to be trusted."""
        waiting = [s.view for s in stretches if not s.is_committed]
        if isinstance(error, Overtaken):
            self._keeper.lose(waiting[0])
        else:
            for view in waiting:
                self._keeper.forget(view.place)
