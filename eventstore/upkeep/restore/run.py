"""Looks at log and mirror, writes back what the plan says, and holds the result against the mirror again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.errors import LogMisconfigured, NotRestorable
from eventstore.events import Place, to_milliseconds
from eventstore.indexer.columns import BYTES, listed
from eventstore.log.topics import NO_ROWS_REMEDY, check_numbers, sound
from eventstore.ports import Extent, LogRecord
from eventstore.protocol.positions import first_of, offset_in
from eventstore.upkeep.restore.plan import (
    Mirrored,
    Missing,
    PartitionStatus,
    first_difference,
    first_trouble,
    plan,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from uuid import UUID

    import psycopg

    from eventstore.log.topics import Topics
    from eventstore.ports import Restorable

    Progress = Callable[[Place, int], None]

_ROWS: Final = """
SELECT partition, "cursor", generation, topic_id FROM eventstore_partition
 WHERE topic = %s AND partitions = %s ORDER BY partition
"""
_MIRROR: Final = composed(
    "SELECT {columns} FROM eventstore_record WHERE position >= %s AND position < %s ORDER BY position LIMIT %s",
    columns=listed(BYTES),
)
# Nothing may have been folded since it was looked at. The new generation makes every view of every process worthless.
_FINISH: Final = """
UPDATE eventstore_partition p SET topic_id = %(topic_id)s, generation = gen_random_uuid()
  FROM unnest(%(ids)s::int[], %(cursors)s::bigint[], %(generations)s::uuid[]) seen(id, "cursor", generation)
 WHERE p.id = seen.id AND p."cursor" = seen."cursor" AND p.generation = seen.generation
"""


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What has to be done for a topic. cursors: those on which the plan rests, with their generations."""

    name: str
    create: bool
    created_again: bool  # its id is not the one that was recorded
    unfinished: bool  # an earlier restore was cut short
    missing: Sequence[Missing]
    cursors: Sequence[tuple[Place, int, UUID]]

    @property
    def records(self) -> int:
        """How many records are to be put back."""
        return sum(map(len, self.missing))

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return self.create or self.created_again or self.unfinished or self.records > 0


class Restorer:
    """A restore of all topics. Writers and mirror must be stopped; if one is not, it is found out and said."""

    def __init__(
        self,
        topics: Topics,
        log: Restorable,
        connection: psycopg.Connection[Any],
        *,
        rows: int = 200,
    ) -> None:
        """rows: of a page of the mirror and of what is put back at a time, of at most a megabyte each."""
        self._rows = rows
        self._topics = topics
        self._log = log
        self._connection = connection

    def plan(self, names: Iterable[str] = ()) -> list[TopicPlan]:
        """What has to be done for these topics, or for all. Writes nothing.

        Raises `NotRestorable` and `LogMisconfigured`.
        """
        check_numbers(self._topics, self._connection)
        return [self._plan(name) for name in names or self._topics.numbers]

    def run(self, topic: TopicPlan, progress: Progress) -> None:
        """Do it for one topic.

        1. create the topic if it is missing    2. have it keep given times; put each partition's records back
        3. it dates records itself again; read everything back and hold it against the mirror
        4. the topic's id and new generations, for all of its partitions in one durable transaction
        A crash between two steps loses nothing: until the last one nobody can fold or append, and the next run
        goes on where the log ends. Raises `NotRestorable`.
        """
        if topic.create:  # 1
            self._log.create([topic.name], partitions=self._topics.partitions)
        topic_id = self._log.topics([topic.name])[topic.name].id
        with self._log.restoring(topic.name):  # 2
            for missing in topic.missing:
                self._put_back(missing, progress)
        for missing in self._plan(topic.name).missing:  # 3
            if missing:
                place, first = missing.place, missing.first
                raise NotRestorable(place.topic, place.partition, first, *_SHORT_AGAIN)
        self._finish(topic, topic_id)  # 4

    # ---- looking

    def _plan(self, name: str) -> TopicPlan:
        rows = self._connection.execute(
            _ROWS, [name, self._topics.partitions]
        ).fetchall()
        if len(rows) != self._topics.partitions:
            problem = f"the database has {len(rows)} rows for {self._topics.partitions} partitions"
            raise LogMisconfigured(name, problem, NO_ROWS_REMEDY)
        places = {Place(name, n): cursor for n, cursor, _, _ in rows}
        topic = self._log.topics([name]).get(name)
        extents = dict.fromkeys(places, Extent(0, 0))
        if topic is not None:
            sound(self._topics, topic, name, for_restore=True)
            extents |= self._log.extents(places)
        return TopicPlan(
            name=name,
            create=topic is None,
            created_again=topic is not None and {topic.id} != {row[3] for row in rows},
            unfinished=topic is not None and bool(topic.left_by_restore),
            missing=[
                plan(self._status(place, cursor, extents[place]))
                for place, cursor in places.items()
            ],
            cursors=[(Place(name, n), cursor, gen) for n, cursor, gen, _ in rows],
        )

    def _status(self, place: Place, cursor: int, extent: Extent) -> PartitionStatus:
        if extent.start:
            return PartitionStatus(place, cursor, extent)
        kept = min(extent.end, cursor)
        differs = first_difference(
            place, self._logged(place, kept), self._mirrored(place, 0, kept)
        )
        lost = self._mirrored(place, kept, cursor)
        gap, damaged = first_trouble(place, lost, kept, cursor)
        return PartitionStatus(place, cursor, extent, differs, gap, damaged)

    def _logged(self, place: Place, end: int) -> Iterator[LogRecord]:
        offset = 0
        while offset < end:
            batch = self._log.read(place, offset)
            if batch.next_offset == offset:
                return
            yield from takewhile(lambda r: r.offset < end, batch.records)
            offset = batch.next_offset

    def _mirrored(self, place: Place, first: int, end: int) -> Iterator[Mirrored]:
        partition = self._topics.partition_id(place)
        beyond, position = first_of(partition, end), first_of(partition, first)
        while rows := self._connection.execute(
            _MIRROR, [position, beyond, self._rows]
        ).fetchall():
            for packed, recorded_at, key, value, hash_ in rows:
                at, offset = to_milliseconds(recorded_at), offset_in(packed)
                yield Mirrored(LogRecord(offset, at, key, value), hash_)
            position = rows[-1][0] + 1

    # ---- writing

    def _put_back(self, missing: Missing, progress: Progress) -> None:
        page: list[LogRecord] = []
        for one in self._mirrored(missing.place, missing.first, missing.end):
            page.append(one.record)
            if len(page) == self._rows:
                self._write(missing.place, page, progress)
                page = []
        if page:
            self._write(missing.place, page, progress)

    def _write(
        self, place: Place, page: Sequence[LogRecord], progress: Progress
    ) -> None:
        self._log.restore(place, page)
        progress(place, len(page))

    def _finish(self, topic: TopicPlan, topic_id: str) -> None:
        places, cursors, generations = zip(*topic.cursors, strict=True)
        parameters = {
            "topic_id": topic_id,
            "ids": [self._topics.partition_id(place) for place in places],
            "cursors": list(cursors),
            "generations": list(generations),
        }
        with self._connection.transaction():
            self._connection.execute("SET LOCAL synchronous_commit = on")
            moved = self._connection.execute(_FINISH, parameters).rowcount
            if moved != len(places):
                raise NotRestorable(topic.name, 0, cursors[0], *_FOLDED_MEANWHILE)


_SHORT_AGAIN: Final = (
    "it was put back, and is gone again",
    "Look for the cause in the brokers' logs, then run restore_log again.",
)
_FOLDED_MEANWHILE: Final = (
    "somebody folded the topic meanwhile",
    "Stop writers and mirror, then run restore_log again: it finds everything in its place and finishes.",
)
