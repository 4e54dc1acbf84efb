"""Produce requests of our own: batches of records, and what a broker's refusal of one proves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from kafka import errors
from kafka.protocol.producer import ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

from eventstore.log.kafka.cluster import REQUEST_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.events import Place

    Headers = Sequence[tuple[str, bytes]]
    # time in ms, key, value, headers
    Record = tuple[int, bytes | None, bytes | None, Headers]

BATCH_BYTES: Final = 900_000  # below what a topic takes by default, unpacked
MAGIC: Final = 2
SNAPPY: Final = 2

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
            topic.PartitionProduceData(index=place.partition, records=_batch(records))
        )
    return ProduceRequest(
        transactional_id=None,
        acks=-1,
        timeout_ms=int(REQUEST_S * 1000),
        topic_data=[topic(name=n, partition_data=d) for n, d in data.items()],
        max_version=9,  # later ones name topics by their ids
    )


def _batch(records: Iterable[Record]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=MAGIC,
        compression_type=SNAPPY,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=100_000_000,  # whoever calls keeps it small
    )
    for n, (time_ms, key, value, headers) in enumerate(records):
        builder.append(n, time_ms, key, value, list(headers))
    return bytes(builder.build())
