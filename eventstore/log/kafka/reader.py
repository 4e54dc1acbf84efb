"""Reading: one Fetch for each read, at exactly the wanted offset.

No `KafkaConsumer`, on purpose. It remembers a position, resets it by policy, and cannot fetch at a new place of a
broker before the long poll at the old one has come back (up to `fetch_max_wait_ms`); an appender that goes
from partition to partition would wait for nothing. A Fetch of our own is sessionless and has by construction what
rule 17 asks for: no reset, read-uncommitted, no commits, no deserializers. Its answer carries the end
of the partition too, so a read at the end costs one round trip.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from kafka import errors
from kafka.protocol.consumer import FetchRequest, ListOffsetsRequest

from eventstore.errors import LogTruncated, LogUnanswered, LogUnreadable
from eventstore.events import Place
from eventstore.log.kafka.batches import PackedBatch, batches
from eventstore.log.kafka.causes import right_missing, translated
from eventstore.log.kafka.cluster import (
    PAUSE_S,
    Cluster,
    Leader,
    error_of,
    is_passing,
)
from eventstore.ports import Batch, Extent, LogRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EARLIEST, LATEST = -2, -1
READ_UNCOMMITTED = 0
# What one compressed byte of JSON becomes, about: `max_bytes` speaks of records, a fetch of what is on the wire.
EXPANSION = 3
MIN_FETCH_BYTES = 65_536


class Reader:
    """Reads records and extents. Keeps nothing between two calls but the cluster's connection."""

    def __init__(self, cluster: Cluster, *, patience_s: float) -> None:
        self._cluster = cluster
        self._patience_s = patience_s

    def read(self, place: Place, offset: int, max_bytes: int) -> Batch:
        """See `Log.read`."""
        deadline = time.monotonic() + self._patience_s
        position = offset
        while True:
            answer = self._fetch(place, position, max_bytes, deadline)
            records, position = unpack(place, answer.records, position, max_bytes)
            if records or position == answer.high_watermark:
                return Batch(records, position)
            if position > answer.high_watermark:
                # A new leader learns the high watermark after its election; until then it only seems to have lost
                # something.
                self._wait(place, deadline)

    def extents(self, places: Iterable[Place]) -> Mapping[Place, Extent]:
        """See `Log.extents`. The end is the high watermark."""
        wanted = frozenset(places)
        deadline = time.monotonic() + self._patience_s
        starts = self._offsets(wanted, EARLIEST, deadline)
        ends = self._offsets(wanted, LATEST, deadline)
        return {place: Extent(starts[place], ends[place]) for place in wanted}

    def _fetch(self, place: Place, offset: int, max_bytes: int, deadline: float) -> Any:
        fresh = False
        while True:
            leaders = self._cluster.leaders([place], deadline=deadline, fresh=fresh)
            if place in leaders:
                leader = leaders[place]
                request = _fetch_request(place, leader, offset, max_bytes)
                response = self._ask(request, leader.node, deadline)
                if response is not None:
                    answer = response.responses[0].partitions[0]
                    error = error_of(answer.error_code)
                    if error is None:
                        return answer
                    self._judge(error, place, offset, looked_twice=fresh)
            if fresh:
                self._wait(place, deadline)
            fresh = True

    def _judge(
        self,
        error: type[errors.KafkaError],
        place: Place,
        offset: int,
        *,
        looked_twice: bool,
    ) -> None:
        """Return if asking again may help."""
        if error is errors.OffsetOutOfRangeError:
            if looked_twice:
                raise self._truncated(place, offset)
        elif not is_passing(error):
            with translated():
                raise right_missing(error, "Read", place.topic)

    def _truncated(self, place: Place, offset: int) -> Exception:
        extent = self.extents([place])[place]
        if extent.start <= offset <= extent.end:
            # It grew between the fetch and this look: not what was read before, but nothing to call lost either.
            return LogUnanswered(f"{place} changes while it is read")
        contents = f"it now holds offsets {extent.start} to {extent.end}"
        return LogTruncated(place.topic, place.partition, cursor=offset, found=contents)

    def _ask(self, request: Any, node: int, deadline: float) -> Any | None:
        """None if this broker does not answer: another may lead by now."""
        try:
            return self._cluster.ask(request, node=node, deadline=deadline)
        except LogUnanswered:
            return None

    def _offsets(
        self, places: frozenset[Place], which: int, deadline: float
    ) -> dict[Place, int]:
        offsets: dict[Place, int] = {}
        fresh = False
        while missing := places - offsets.keys():
            if fresh:
                self._wait(min(missing), deadline)
            leaders = self._cluster.leaders(missing, deadline=deadline, fresh=fresh)
            for node, request in _list_offsets(leaders, which).items():
                response = self._ask(request, node, deadline)
                if response is not None:
                    offsets |= _listed(response)
            fresh = True
        return offsets

    def _wait(self, place: Place, deadline: float) -> None:
        if time.monotonic() + PAUSE_S >= deadline:
            msg = f"{place} has no leader that could be read"
            raise LogUnanswered(msg)
        time.sleep(PAUSE_S)


def unpack(
    place: Place, data: Any, offset: int, max_bytes: int
) -> tuple[list[LogRecord], int]:
    """The data records from `offset` on in whole batches of the log, and the offset behind them.

    A batch may begin before `offset` (its earlier records are dropped), be a transaction's control batch (it
    only moves the offset) or be cut off by the fetch's limit (it comes with the next one). Records of aborted
    transactions count: whoever folds must see the same ones. Raises `LogUnreadable` for what cannot be unpacked,
    once it is the first: what stands before it is read.
    """
    records: list[LogRecord] = []
    size, position = 0, offset
    whole = batches(data or b"")
    while True:
        try:
            batch = next(whole, None)
            unpacked = [] if batch is None else _data_records(batch)
        except Exception as error:
            # Four codecs and the format itself, each with errors of its own; MemoryError is one of them.
            if position > offset:
                break  # the next read begins there
            raise LogUnreadable(place.topic, place.partition, offset) from error
        if batch is None:
            break
        for r in unpacked:
            if r.offset >= offset:
                records.append(LogRecord(r.offset, r.timestamp, r.key, r.value))
                size += r.size_in_bytes
        position = max(position, batch.next_offset)
        if size >= max_bytes:
            break
    return records, position


def _data_records(batch: PackedBatch) -> Sequence[Any]:
    if not batch.validate_crc():
        msg = f"checksum of the batch at {batch.base_offset}"
        raise errors.CorruptRecordError(msg)
    return [] if batch.is_control_batch else list(batch)


def _fetch_request(place: Place, leader: Leader, offset: int, max_bytes: int) -> Any:
    topic = FetchRequest.FetchTopic
    limit = max(max_bytes // EXPANSION, MIN_FETCH_BYTES)
    partition = topic.FetchPartition(
        partition=place.partition,
        current_leader_epoch=leader.epoch,
        fetch_offset=offset,
        last_fetched_epoch=-1,
        partition_max_bytes=limit,
    )
    return FetchRequest(
        replica_id=-1,
        max_wait_ms=0,
        min_bytes=0,
        max_bytes=limit,
        isolation_level=READ_UNCOMMITTED,
        session_id=0,
        session_epoch=-1,
        topics=[topic(topic=place.topic, partitions=[partition])],
        forgotten_topics_data=[],
        rack_id="",
        min_version=9,
        max_version=12,
    )


def _list_offsets(leaders: Mapping[Place, Leader], which: int) -> dict[int, Any]:
    """One request for each leader."""
    topic = ListOffsetsRequest.ListOffsetsTopic
    by_broker: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for place, leader in leaders.items():
        partition = topic.ListOffsetsPartition(
            partition_index=place.partition,
            current_leader_epoch=leader.epoch,
            timestamp=which,
        )
        by_broker[leader.node][place.topic].append(partition)
    return {
        node: ListOffsetsRequest(
            replica_id=-1,
            isolation_level=READ_UNCOMMITTED,
            topics=[topic(name=n, partitions=parts) for n, parts in topics.items()],
            min_version=5,
        )
        for node, topics in by_broker.items()
    }


def _listed(response: Any) -> dict[Place, int]:
    """The offsets of those places that have one; the others are to be asked again."""
    offsets = {}
    for topic in response.topics:
        for partition in topic.partitions:
            error = error_of(partition.error_code)
            if error is None:
                offsets[Place(topic.name, partition.partition_index)] = partition.offset
            elif not is_passing(error):
                with translated():
                    raise right_missing(error, "Describe", topic.name)
    return offsets
