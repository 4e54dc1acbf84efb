"""Where the events of a class of aggregates lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.conf import registry

if TYPE_CHECKING:
    from eventstore.aggregates import Aggregate
    from eventstore.log.topics import Topics


def topic_of(cls: type[Aggregate[Any]]) -> str:
    """The topic of its events."""
    return registry().stream_types[cls.stream_type].topic


def partitions_of(cls: type[Aggregate[Any]], topics: Topics) -> list[int]:
    """The ids of that topic's partitions."""
    topic = topic_of(cls)
    places = [place for place in topics.places if place.topic == topic]
    return [topics.partition_id(place) for place in places]
