"""What one thread knows of the partitions, and how it folds them further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.database import translated
from eventstore.indexer.advance import Advance
from eventstore.indexer.heads import Heads
from eventstore.indexer.keeping import Keeper
from eventstore.indexer.loading import Loader
from eventstore.indexer.own import OwnRecords
from eventstore.indexer.share import Patience
from eventstore.indexer.views import Views

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.events import Place
    from eventstore.indexer.entries import Own
    from eventstore.indexer.session import Session
    from eventstore.ports import Extent
    from eventstore.protocol.fold import Judged


class Folds:
    """A view per partition, on the session of one thread.

    Who appends goes from above to below: prepare the places and learn the heads, propose, fold what is its own, advance
    the rest. Whoever only folds catches up.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._views = Views()
        self._loader = Loader(session)
        self._keeper = Keeper(session, self._views, self._loader)
        self._heads = Heads(self._keeper)
        self._own = OwnRecords(session, self._keeper)
        self._advance = Advance(session, self._keeper, self._loader)

    def share(self, seconds: float) -> None:
        """One call of `advance` may fold for so long, because others wait for their places."""
        self._advance.share_s = seconds

    def prepare(self, place: Place, *, in_doubt: bool = False) -> None:
        """Have a view of the place, before anything is written to it: a log that lost something is found then.

        in_doubt: something happened for which a changed topic would be a reason: it is looked at now. Raises as `cursor`.
        """
        if in_doubt:
            self._session.watch.doubt()
        self.cursor(place)

    def cursor(self, place: Place) -> int:
        """Where this process last saw the cursor. Loads the view if there is none.

        Once a minute it looks at topics and log again: whoever goes on with a view must find out, too, that they are
        not what they were. Raises `LogMisconfigured`, `LogTruncated`.
        """
        watch = self._session.watch
        with translated():
            watch.look_at_topics(self._keeper.connection())
            cursor = self._keeper.view(place).cursor
        watch.look_at_beginning(place, cursor)
        return cursor

    def serial(self, place: Place) -> int | None:
        """By which ids that are made from now on count as fresh (rule 8); None where nothing is known of the place."""
        view = self._keeper.known(place)
        return None if view is None else view.serial

    def known_head(self, place: Place, stream_id: str) -> int | None:
        """The head as this process last folded it: it can only lie behind. None if it does not know, which it does without asking."""
        view = self._keeper.known(place)
        return None if view is None else view.heads.get(stream_id)

    def learn(self, named: Iterable[tuple[Place, str]]) -> None:
        """Ask for the heads of streams that the views lack, where they can be told. Raises `DatabaseUnanswered`."""
        self._heads.learn(named)

    def fold_own(
        self, own: Mapping[Place, Sequence[Own]]
    ) -> Mapping[Place, Sequence[Judged]]:
        """A quick way for what this process has just produced: all places in one round trip; of each what is committed.

        What it does not fold, or cannot, it leaves out, for `advance`, which meets the same trouble and says it. A place
        whose row somebody else holds comes last: it must not keep the others waiting.
        """
        folded = self._own.fold(own)
        return {
            place: folded.get(place, ())
            for place in sorted(own, key=self._is_overtaken)
        }

    def advance(
        self,
        place: Place,
        until: int,
        own: Sequence[Own] = (),
        *,
        deadline: float | None = None,
    ) -> list[Judged]:
        """Fold the place up to `until` or beyond; what this call folded itself, with its verdicts.

        Raises `DatabaseUnanswered`, what the log raises, and between two stretches `LogUnanswered` after the
        deadline (monotonic), `ShareSpent` after its share: what was folded until then is committed.
        """
        return self._advance.to(place, until, own, deadline)

    def catch_up(
        self, places: Sequence[Place], patience: Patience | None = None
    ) -> Mapping[Place, int]:
        """Fold the places to the log's end as read now; where their cursors then stand. Raises as `advance`.

        Whoever comes back after `ShareSpent` with the same patience gets to the end as read at the first call.
        """
        patience = patience or Patience()
        extents = patience.extents
        if new := [place for place in places if place not in extents]:
            extents.update(self._session.log.extents(new))
        for place in places:
            if self.lag(place, extents[place]):
                self.advance(place, extents[place].end, deadline=patience.deadline)
        return {place: self.cursor(place) for place in places}

    def end(self, place: Place) -> int:
        """The log's end there, now. Raises `LogTruncated` if the log is too short."""
        self.lag(place, extent := self._session.log.extents([place])[place])
        return extent.end

    def lag(self, place: Place, extent: Extent) -> int:
        """How many offsets of the place wait to be folded. Raises `LogTruncated` if the log is too short."""
        cursor = self.cursor(place)
        if not extent.start <= cursor <= extent.end:
            with self._keeper.dropping_on_trouble(place):
                self._loader.read(place, cursor)
        return max(0, extent.end - cursor)

    def forget(self, place: Place) -> None:
        """Forget what is known of the place: it may not be true any more."""
        self._keeper.forget(place)

    def close(self) -> None:
        """Let go of all that is known, and of the connection; the next call starts anew."""
        self._keeper.close()

    def _is_overtaken(self, place: Place) -> bool:
        view = self._keeper.known(place)
        return view is not None and view.is_overtaken
