"""The topics `snapshots.{type}`: of the same partitions as the log's, and kept as long. Losing one costs time only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.conf import aggregates, conf, registry
from eventstore.log.topics import (
    Topics,
    check_auxiliary,
    create_auxiliary,
    wrong_auxiliary,
)
from eventstore.snapshots.record import topic_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.errors import LogMisconfigured
    from eventstore.ports import Log, Topic

_REMADE: Final = (
    "Delete it and run `manage.py create_topics`: what it held is built again."
)


def snapshot_topics() -> Topics:
    """Those of the stream types that have an aggregate, with the numbers of the log's own."""
    return topics_of(aggregates())


def topics_of(stream_types: Iterable[str]) -> Topics:
    """Those of the given stream types."""
    known = registry().stream_types
    numbers = {topic_of(name): known[name].number for name in stream_types}
    return Topics(numbers, conf.PARTITIONS)


def create(topics: Topics, log: Log) -> list[str]:
    """Create what is missing; the names of the new topics. Raises `LogMisconfigured` for one that is not as it must be."""
    return create_auxiliary(topics, log, remade=_REMADE)


def check(topics: Topics, log: Log) -> dict[str, Topic]:
    """The topics, if all are there and as they must be. Raises `LogMisconfigured`, which names the way out."""
    return check_auxiliary(topics, log, remade=_REMADE)


def wrong(topics: Topics, log: Log) -> list[LogMisconfigured]:
    """What is wrong with each that is missing or not as it must be."""
    return wrong_auxiliary(topics, log, remade=_REMADE)
