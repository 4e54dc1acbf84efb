"""Propose commits to the log of record, with kafka-python alone.

    pip install "kafka-python[snappy,crc32c]==3.0.12"
    python propose.py BOOTSTRAP < proposals.ndjson

See ../README.md for what a line holds and what is printed.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from uuid import uuid4

from kafka import KafkaProducer

LONGEST = 1_000_000  # bytes of a value


def commit(line: str) -> tuple[str, str, bytes]:
    """A line's stream, its new commit id, and the record's value."""
    asked = json.loads(line)
    commit_id = str(uuid4())  # lower case, as the grammar wants it
    event = {
        "event_id": str(uuid4()),
        "type": asked["type"],
        "schema": 1,
        # isoformat() would write +00:00, and no fraction at a full second
        "occurred_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),  # noqa: TID251  (a program of its own)
        "correlation_id": None,  # there as null, never left out
        "causation_id": None,
        "data": asked["data"],
    }
    record = {
        "v": 1,
        "commit_id": commit_id,
        "stream_id": asked["stream_id"],
        "expected": asked["expected"],
        "events": [event],
    }
    # NaN is no JSON, and half of a surrogate pair no UTF-8: both raise here, before anything is sent
    text = json.dumps(
        record, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    value = text.encode()
    if len(value) > LONGEST:
        msg = f"{asked['stream_id']}: {len(value)} bytes, more than {LONGEST}"
        raise ValueError(msg)
    return asked["stream_id"], commit_id, value


def main() -> None:
    """Propose each line, one after the other: so they keep their order."""
    producer = KafkaProducer(
        bootstrap_servers=sys.argv[1].split(","),
        acks="all",  # the default partitioner is right: murmur2 of the key
        compression_type="snappy",
        max_block_ms=10_000,
    )
    for line in sys.stdin:
        stream_id, commit_id, value = commit(line)
        topic = "eventstore." + stream_id.partition(".")[0]
        # a time-out means that nobody knows: send the same bytes again, or ask the store for the commit id
        sent = producer.send(topic, key=stream_id.encode(), value=value).get(30)
        told = {
            "stream_id": stream_id,
            "commit_id": commit_id,
            "partition": sent.partition,
            "offset": sent.offset,
        }
        print(json.dumps(told), flush=True)
    producer.close()


if __name__ == "__main__":
    main()
