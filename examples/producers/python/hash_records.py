"""Read the log of record as an auditor does, and print each record's hash; with kafka-python alone.

    pip install "kafka-python[snappy,crc32c]==3.0.12"
    python hash_records.py BOOTSTRAP TOPIC

A line a record: {"partition": 0, "offset": 7, "recorded_at": 1764000000000, "record_hash": "..."}. They are those of the
store (`manage.py verify` compares its own with the log's), whoever folds.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys

from kafka import KafkaConsumer, TopicPartition

LATEST = 253_402_300_799_999  # the end of the year 9999, in ms


def field(value: bytes | int | None) -> bytes:
    """f of the page: length, then bytes; a number is a field of 8 bytes; null has the length -1."""
    if value is None:
        return struct.pack(">q", -1)
    content = struct.pack(">q", value) if isinstance(value, int) else value
    return struct.pack(">q", len(content)) + content


def record_hash(
    place: TopicPartition, offset: int, recorded_at: int, *rest: bytes | None
) -> str:
    """SHA-256 of 0x00 and the six fields; rest: key and value."""
    fields = (place.topic.encode(), place.partition, offset, recorded_at, *rest)
    return hashlib.sha256(b"\0" + b"".join(map(field, fields))).hexdigest()


def print_hashes(consumer: KafkaConsumer, place: TopicPartition) -> None:
    """One partition, from its beginning to its end as it is now."""
    consumer.assign([place])  # without a group
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    recorded_at = 0
    while consumer.position(place) < end:  # goes past transaction markers, too
        for record in consumer.poll(timeout_ms=1_000).get(place, []):
            # kafka-python gives the batch's time where it is the broker's; some clients give the writer's
            recorded_at = max(min(record.timestamp, LATEST), recorded_at)
            told = {
                "partition": place.partition,
                "offset": record.offset,
                "recorded_at": recorded_at,
                "record_hash": record_hash(
                    place, record.offset, recorded_at, record.key, record.value
                ),
            }
            print(json.dumps(told))


def main() -> None:
    """All partitions of the topic."""
    bootstrap, topic = sys.argv[1:]
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        isolation_level="read_uncommitted",  # what was aborted counts
        enable_auto_commit=False,
    )
    for partition in sorted(consumer.partitions_for_topic(topic) or ()):
        print_hashes(consumer, TopicPartition(topic, partition))
    consumer.close()


if __name__ == "__main__":
    main()
