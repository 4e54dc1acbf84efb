"""Which partition a stream lives in. The answer is part of the log's format and may never change."""

from __future__ import annotations

from functools import lru_cache

from eventstore.events import Place, topic_of

_MULTIPLIER, _SEED, _WORD = 0x5BD1E995, 0x9747B28C, 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit MurmurHash2 with Kafka's seed, as Java's default partitioner takes it."""
    length = len(data)
    h = _SEED ^ length
    whole = length - length % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _MULTIPLIER & _WORD
        k = (k ^ (k >> 24)) * _MULTIPLIER & _WORD
        h = (h * _MULTIPLIER & _WORD) ^ k
    if whole != length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _WORD
    h = (h ^ (h >> 13)) * _MULTIPLIER & _WORD
    return h ^ (h >> 15)


@lru_cache(maxsize=65_536)
def partition_of(stream_id: str, partitions: int) -> int:
    """The partition that a stream belongs in, of so many."""
    return (murmur2(stream_id.encode()) & 0x7FFFFFFF) % partitions


def place_of(stream_id: str, partitions: int) -> Place:
    """The one place where a record of this stream counts."""
    return Place(topic_of(stream_id), partition_of(stream_id, partitions))
