"""Between the packed position of a row and its written form."""

from __future__ import annotations

from eventstore.conf import registry
from eventstore.events import Position, pack, unpack


def position_of(packed: int) -> Position:
    """The place in the log that a row's key stands for."""
    number, partition, offset, index = unpack(packed)
    return Position(registry().topic_numbered(number), partition, offset, index)


def packed_of(position: Position) -> int:
    """The row's key of a place in the log. Raises ValueError if the topic is not registered."""
    for known in registry().stream_types.values():
        if known.topic == position.topic:
            return pack(
                known.number, position.partition, position.offset, position.index
            )
    msg = f"{position.topic} is no topic of this store"
    raise ValueError(msg)
