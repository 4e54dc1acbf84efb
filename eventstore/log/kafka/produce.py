"""Produce requests of our own: batches of records, and what a broker's refusal of one proves."""

from __future__ import annotations

import gzip
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from kafka import errors
from kafka.protocol.producer import ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

from eventstore.log.kafka.cluster import REQUEST_S
from eventstore.ports import FEED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.events import Place

    Headers = Sequence[tuple[str, bytes]]
    # time in ms, key, value, headers
    Record = tuple[int, bytes | None, bytes | None, Headers]

BATCH_BYTES: Final = 900_000  # below what a topic takes by default, unpacked
MAGIC: Final = 2
GZIP: Final = 1
SNAPPY: Final = 2
_QUICKLY: Final = (
    1  # gzip's level: seven times as fast as its slowest, and a tenth larger
)

# Another broker is to be asked, or this one a moment later: its metadata is new, or old.
ELSEWHERE: Final = (
    errors.NotLeaderForPartitionError,
    errors.UnknownTopicOrPartitionError,
    errors.LeaderNotAvailableError,
)
# A broker says these of a batch that it has looked at and not appended. All others, `NOT_LEADER_OR_FOLLOWER` among
# them, it also says of one that it has appended, while it waited for the other replicas.
TOO_LARGE: Final = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
NOT_APPENDED: Final = (
    *TOO_LARGE,
    errors.NotEnoughReplicasError,
    errors.TopicAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.PolicyViolationError,
)


def produce_request(batches: Mapping[Place, Iterable[Record]]) -> Any:
    """One request for one broker: a batch a place, to be acknowledged by all replicas in sync."""
    topic = ProduceRequest.TopicProduceData
    data: dict[str, list[Any]] = defaultdict(list)
    for place, records in batches.items():
        data[place.topic].append(
            topic.PartitionProduceData(
                index=place.partition, records=_batch(place.topic, records)
            )
        )
    return ProduceRequest(
        transactional_id=None,
        acks=-1,
        timeout_ms=int(REQUEST_S * 1000),
        topic_data=[topic(name=n, partition_data=d) for n, d in data.items()],
        max_version=9,  # later ones name topics by their ids
    )


def packing(topic: str) -> int:
    """How a topic's batches are packed: the log and its snapshots for us, feeds for whoever reads them.

    Every client unpacks gzip; some stop at snappy for want of a package. Why the log stays with snappy: topics.py.
    """
    return GZIP if topic.startswith(FEED_PREFIX) else SNAPPY


class _Builder(DefaultRecordBatchBuilder):  # type: ignore[misc]  # kafka ships no types
    """Packs gzip quickly; kafka-python always takes the slowest level."""

    _buffer: bytearray
    _compression_type: int

    def _maybe_compress(self) -> bool:
        if self._compression_type != GZIP:
            return bool(super()._maybe_compress())
        start = self.HEADER_STRUCT.size
        packed = gzip.compress(self._buffer[start:], _QUICKLY)
        if len(packed) >= len(self._buffer) - start:
            return False
        self._buffer[start:] = packed
        return True


def _batch(topic: str, records: Iterable[Record]) -> bytes:
    builder = _Builder(
        magic=MAGIC,
        compression_type=packing(topic),
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=100_000_000,  # whoever calls keeps it small
    )
    for n, (time_ms, key, value, headers) in enumerate(records):
        builder.append(n, time_ms, key, value, list(headers))
    return bytes(builder.build())
