"""The topics `snapshots.{type}`: of the same partitions as the log's, and kept as long. Losing one costs time only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.conf import aggregates, conf, registry
from eventstore.errors import LogMisconfigured
from eventstore.snapshots.record import topic_of
from eventstore.topics import Topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.ports import Log, Topic


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
    names = list(topics.numbers)
    there = log.topics(names)
    missing = [name for name in names if name not in there]
    log.create(missing, partitions=topics.partitions)
    check(topics, log)
    return missing


def check(topics: Topics, log: Log) -> dict[str, Topic]:
    """The topics, if all are there and as they must be. Raises `LogMisconfigured`, which names the way out."""
    names = list(topics.numbers)
    found = log.topics(names)
    return {name: _sound(found.get(name), name, topics.partitions) for name in names}


def _sound(topic: Topic | None, name: str, partitions: int) -> Topic:
    if topic is None:
        problem, remedy = "it does not exist", "Run `manage.py create_topics`."
        raise LogMisconfigured(name, problem, remedy)
    if topic.partitions != partitions:
        raise LogMisconfigured(
            name,
            f"it has {topic.partitions} partitions, the log has {partitions}",
            "Delete it and run `manage.py create_topics`: what it held is built again.",
        )
    if topic.problems:
        raise LogMisconfigured(
            name,
            "; ".join(problem for problem, _ in topic.problems),
            " ".join(remedy for _, remedy in topic.problems),
        )
    return topic
