"""The read side of a store: streams, and everything in the order of the log. From PostgreSQL, through Django's connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import islice
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from eventstore.arguments import instant_in, number_in, refuse_bounds, stream_id_in
from eventstore.conf import conf, registry
from eventstore.errors import FutureInstant, InvalidStreamId, StreamNotFound
from eventstore.events import MAX_OFFSET, Cut
from eventstore.placement import place_of
from eventstore.queries.connection import prepared_cursor
from eventstore.queries.everything import read_after
from eventstore.queries.history import version_as_of
from eventstore.queries.streams import (
    StreamInfo,
    read_history,
    read_stream,
    stream_info,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eventstore.events import Place, RecordedEvent
    from eventstore.ports import Clock
    from eventstore.registry import Event
    from eventstore.topics import Topics


class Reading(ABC):
    """Reads of a store. They see what the caller's transaction sees; outside of one, everything acknowledged."""

    topics: Topics
    _clock: Clock

    def read(
        self,
        stream_id: str,
        from_version: int = 1,
        to_version: int | None = None,
        *,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Iterator[RecordedEvent]:
        """The stream's events from one version to another, both included; nothing if there is no such stream.

        Page by page, so a reader may stop early. Raises `InvalidStreamId` at once, TypeError for a bound that is no number.
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
                    **({} if limit is None else {"at_most": max(1, limit)}),
                )

        return events() if limit is None else islice(events(), limit)

    def history(
        self, stream_id: str, from_version: int = 1, to_version: int | None = None
    ) -> Iterator[Event]:
        """The stream's events as their classes of today, to be replayed: versions from one to another, both included.

        Raises `InvalidStreamId` at once, and `UnreadableEvent` at a page that holds one between them.
        """
        stream_id = stream_id_in(stream_id)
        registry().stream_type_of(stream_id)
        refuse_bounds(from_version, to_version, None)

        def events() -> Iterator[Event]:
            with prepared_cursor() as cursor:
                yield from read_history(
                    cursor, stream_id, first=from_version, last=to_version
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
                )
            )

        return await sync_to_async(all_of_it)()

    def read_all(
        self,
        after: Cut | None = None,
        *,
        types: Sequence[str] | None = None,
        limit: int = 1_000,
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        """The next accepted events after the cut, and the cut after them: ask with it again, and nothing is
        missed or seen twice.

        types: of streams, all if left out. limit: of events, but a commit is never torn apart. Within a partition in
        the order of the log; between partitions by recorded_at. Raises `InvalidStreamId` for an unknown type, ValueError for a cut
        of another store.
        """
        known = registry().stream_types
        if unknown := set(types or ()) - known.keys():
            msg = f"{', '.join(sorted(unknown))} is none of {', '.join(known)}"
            raise InvalidStreamId(msg)
        number_in(limit, "a limit", least=0)
        for place, offset in (after or Cut()).offsets.items():
            if place not in self.topics.places or not 0 <= offset < MAX_OFFSET:
                msg = f"the cut names {place} at {offset}, which this store cannot have"
                raise ValueError(msg)
        topics = [known[name].topic for name in types or known]
        with prepared_cursor() as cursor:
            return read_after(cursor, after or Cut(), topics, limit)

    async def aread_all(
        self,
        after: Cut | None = None,
        *,
        types: Sequence[str] | None = None,
        limit: int = 1_000,
    ) -> tuple[Sequence[RecordedEvent], Cut]:
        """`read_all` for coroutines."""
        return await sync_to_async(self.read_all)(after, types=types, limit=limit)

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
        instant; if ours is ahead of it, that may come a little later. Raises `FutureInstant`, `InvalidStreamId`, `LogUnavailable` if
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
