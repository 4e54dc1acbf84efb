"""Between the packed position of a row and its written form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.conf import registry
from eventstore.events import Position, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping


def position_of(packed: int) -> Position:
    """The place in the log that a row's key stands for."""
    number, partition, offset, index = unpack(packed)
    return Position(topics_by_number()[number], partition, offset, index)


def packed_of(position: Position) -> int:
    """The row's key of a place in the log. Raises ValueError if the topic is not registered."""
    for number, topic in topics_by_number().items():
        if topic == position.topic:
            return pack(number, position.partition, position.offset, position.index)
    msg = f"{position.topic} is no topic of this store"
    raise ValueError(msg)


def topics_by_number() -> Mapping[int, str]:
    """The topic of each stream type's number."""
    return {t.number: t.topic for t in registry().stream_types.values()}
