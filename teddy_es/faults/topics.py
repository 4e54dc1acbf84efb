"""Reads the topics as they are: the embedded log's by a plain SELECT, Kafka's by the Log port's `read`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.events import Place as LogPlace
from teddy_es.faults.naive import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from eventstore.log.kafka.log import KafkaLog
    from teddy_es.faults.judge import Place

_SELECT: Final = """
SELECT r."offset", r.recorded_at, r.key, r.value
  FROM eventstore_logrecord r JOIN eventstore_logtopic t ON t.id = r.topic
 WHERE t.name = %s AND r.partition = %s ORDER BY r."offset"
"""


def read_embedded(
    connection: psycopg.Connection[Any], place: Place
) -> Iterator[tuple[int, Record]]:
    """Every record of a partition with its offset."""
    with connection.transaction(), connection.cursor("topic") as cursor:
        cursor.itersize = 5_000
        for offset, *record in cursor.execute(_SELECT.encode(), place):
            yield offset, Record(*record)


def read_kafka(log: KafkaLog, place: Place) -> Iterator[tuple[int, Record]]:
    """Every record of a partition with its offset."""
    where, offset = LogPlace(*place), 0
    while (batch := log.read(where, offset)).next_offset > offset:
        for record in batch.records:
            yield record.offset, Record(record.recorded_at, record.key, record.value)
        offset = batch.next_offset
