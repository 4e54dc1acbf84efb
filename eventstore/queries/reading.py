"""The read side of a store: streams, and everything in the order of the log. From PostgreSQL, through Django's connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import closing
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from eventstore.conf import conf, registry
from eventstore.errors import (
    CutBeyondEnd,
    FutureInstant,
    IndexIncomplete,
    InvalidStreamId,
    LogUnanswered,
    StreamNotFound,
)
from eventstore.events import MAX_OFFSET, Cut, StreamInfo
from eventstore.protocol.arguments import instant_in, refuse_bounds, stream_id_in
from eventstore.protocol.placement import place_of
from eventstore.queries.connection import prepared_cursor
from eventstore.queries.ends import LogEnds
from eventstore.queries.everything import read_after
from eventstore.queries.feed import marks
from eventstore.queries.history import version_as_of
from eventstore.queries.limits import EVERYTHING, PAGES
from eventstore.queries.streams import (
    read_history,
    read_stream,
    stream_info,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from eventstore.events import Place, RecordedEvent
    from eventstore.log.topics import Topics
    from eventstore.ports import Clock, Log, Opener
    from eventstore.queries.limits import Pages, Stretch
    from eventstore.registry import Event, Registry


class Reading(ABC):
    """Reads of a store. They see what the caller's transaction sees; outside of one, everything acknowledged."""

    topics: Topics
    pages: Pages = PAGES  # how much one statement of a read brings
    stretch: Stretch = EVERYTHING  # and of `read_all`
    _clock: Clock

    def read(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        backwards: bool = False,
        limit: int | None = None,
        opener: Opener | None = None,
    ) -> Iterator[RecordedEvent]:
        """The stream's events from one version to another, both included; nothing if there is no such stream.

        opener: the right to see what is sealed (`eventstore.opening`); without it `data` has the clear fields, and `withheld` says so.
        Page by page, so a reader may stop early. Raises `InvalidStreamId` at once, and ValueError for what is negative:
        the last events are read backwards, with a limit.
        """
        stream_id = stream_id_in(stream_id)
        registry().stream_type_of(stream_id)
        refuse_bounds(from_version, to_version, limit)

        def events() -> Iterator[RecordedEvent]:
            with prepared_cursor() as cursor:
                yield from read_stream(
                    cursor,
                    stream_id,
                    first=from_version,
                    last=to_version,
                    backwards=backwards,
                    at_most=limit,
                    pages=self.pages,
                    opener=opener,
                )

        return events() if limit is None else islice(events(), limit)

    def history(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        opener: Opener | None = None,
    ) -> Iterator[Event]:
        """The stream's events as their classes of today, to be replayed: versions from one to another, both included.

        opener: as in `read`; what was not opened is marked `Withheld` in the events.
        Raises `InvalidStreamId` and ValueError at once, and `UnreadableEvent` at a page that holds one between them.
        """
        stream_id = stream_id_in(stream_id)
        registry().stream_type_of(stream_id)
        refuse_bounds(from_version, to_version, None)

        def events() -> Iterator[Event]:
            with prepared_cursor() as cursor:
                yield from read_history(
                    cursor,
                    stream_id,
                    first=from_version,
                    last=to_version,
                    pages=self.pages,
                    opener=opener,
                )

        return events()

    async def aread(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        backwards: bool = False,
        limit: int | None = None,
        opener: Opener | None = None,
    ) -> Sequence[RecordedEvent]:
        """`read` for coroutines; all of it at once, so give a limit."""

        def all_of_it() -> list[RecordedEvent]:
            return list(
                self.read(
                    stream_id,
                    from_version,
                    to_version,
                    backwards=backwards,
                    limit=limit,
                    opener=opener,
                )
            )

        return await sync_to_async(all_of_it)()

    def read_all(
        self,
        after: Cut | None = None,
        *,
        types: Sequence[str] | None = None,
        limit: int = 1_000,
        opener: Opener | None = None,
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        """The next accepted events after the cut, and the cut after them: ask with it again, and nothing is
        missed or seen twice.

        types: of streams, all if left out. limit: of events, 1 or more, but a commit is never torn apart: no events means
        that there are none yet. Within a partition in the order of the log; between partitions by recorded_at. Raises
        `InvalidStreamId` for an unknown type, `CutBeyondEnd` for a cut that the log has not reached, ValueError for a cut
        of another store, no types, and a limit below 1. opener: as in `read`.
        """
        topics = topics_of(registry(), types, limit)
        refuse_foreign(after or Cut(), self.topics.places)
        with prepared_cursor() as cursor:
            return read_after(
                cursor,
                after or Cut(),
                topics,
                limit,
                stretch=self.stretch,
                on_beyond=self._refuse_beyond,
                opener=opener,
            )

    def refuse_cut(self, after: Cut) -> None:
        """Raise for a cut that was never this store's: `CutBeyondEnd`, or ValueError."""
        refuse_foreign(after, self.topics.places)
        now = marks()
        for place, offset in after.offsets.items():
            if place not in now or offset > now[place].cursor:
                self._refuse_beyond(place, offset)

    def _refuse_beyond(self, place: Place, offset: int) -> None:
        """What is not folded may be in the log: the index is made anew, or the caller's transaction is an older one."""
        end = self._ends.reach(place, offset, self._end_of)
        if offset > end:
            raise CutBeyondEnd(str(place), offset, end=end)

    @cached_property
    def _ends(self) -> LogEnds:
        """One a store."""
        return LogEnds(self._clock)

    def _end_of(self, place: Place) -> int:
        with closing(self.make_log()) as log:
            try:
                return log.extents([place])[place].end
            except LogUnanswered as error:
                raise IndexIncomplete(error.reason) from error

    @abstractmethod
    def make_log(self) -> Log:
        """A log adapter for one thread."""

    async def aread_all(
        self,
        after: Cut | None = None,
        *,
        types: Sequence[str] | None = None,
        limit: int = 1_000,
        opener: Opener | None = None,
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        """`read_all` for coroutines."""
        read_all = partial(self.read_all, after, types=types)
        return await sync_to_async(read_all)(limit=limit, opener=opener)

    def stream_info(self, stream_id: str) -> StreamInfo:
        """The stream's head and times. Raises `InvalidStreamId`, `StreamNotFound`."""
        stream_id = stream_id_in(stream_id)
        registry().stream_type_of(stream_id)
        with prepared_cursor() as cursor:
            info = stream_info(cursor, stream_id)
        if info is None:
            raise StreamNotFound(stream_id)
        return info

    def version_as_of(
        self, stream_id: str, instant: datetime, *, timeout_s: float | None = None
    ) -> int:
        """The version that the stream had reached by then, by `recorded_at`; 0 if it was not there yet.

        First everything that the log holds of it is folded. The answer is final once the log's own clock has passed the
        instant; if ours is ahead of it, that may come a little later. Raises `FutureInstant`, `InvalidStreamId`, `LogUnanswered` if
        the log's end is not reached in time, ValueError for a naive instant.
        """
        stream_id = stream_id_in(stream_id)
        registry().stream_type_of(stream_id)
        if instant_in(instant) > self._clock.now():
            raise FutureInstant
        place = place_of(stream_id, self.topics.partitions)
        patience = conf.APPEND_TIMEOUT if timeout_s is None else timeout_s
        self.catch_up([place], timeout_s=patience)
        with prepared_cursor() as cursor:
            return version_as_of(cursor, stream_id, instant)

    @abstractmethod
    def catch_up(self, places: Sequence[Place], *, timeout_s: float) -> Cut:
        """Fold the places to the log's end as it is now; where the cursors then stand."""

    async def astream_info(self, stream_id: str) -> StreamInfo:
        """`stream_info` for coroutines."""
        return await sync_to_async(self.stream_info)(stream_id)


def topics_of(
    types: Registry, names: Sequence[str] | None, limit: int
) -> Sequence[str]:
    """The topics of these stream types, of all if they are left out. Raises as `read_all`."""
    known = types.stream_types
    if limit < 1:
        msg = f"limit is 1 or more, not {limit}: no events would look like the end"
        raise ValueError(msg)
    if names is not None and not names:
        msg = "types names at least one stream type; leave it out to read all"
        raise ValueError(msg)
    if unknown := set(names or ()) - known.keys():
        msg = f"{', '.join(sorted(unknown))} is none of {', '.join(known)}"
        raise InvalidStreamId(msg)
    return [known[name].topic for name in names or known]


def refuse_foreign(after: Cut, places: Collection[Place]) -> None:
    """Raise ValueError for a cut of another store."""
    for place, offset in after.offsets.items():
        if place not in places or not 0 <= offset < MAX_OFFSET:
            msg = f"the cut names {place} at {offset}, which this store cannot have"
            raise ValueError(msg)
