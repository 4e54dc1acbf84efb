"""The topics `events.{type}`: of the same partitions as the log's, kept for a while. The log of record keeps everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.conf import conf, registry
from eventstore.errors import LogMisconfigured
from eventstore.ports import FEED_PREFIX
from eventstore.topics import Topics

if TYPE_CHECKING:
    from eventstore.ports import Log, Topic

REPUBLISH = "then `manage.py subscriptions reset events --to beginning --reason ...`, which publishes everything again."


def is_published() -> bool:
    """Whether this store has a real-time stream: on Kafka, unless it is switched off."""
    return conf.LOG == "kafka" and bool(conf.PUBLISH)


def topic_of(stream_id: str) -> str:
    """Where a stream's events are published."""
    return FEED_PREFIX + stream_id.partition(".")[0]


def feed_topics() -> Topics:
    """Those of all stream types, with the numbers of the log's own; none where nothing is published."""
    known = registry().stream_types if is_published() else {}
    return Topics(
        {topic_of(name): one.number for name, one in known.items()}, conf.PARTITIONS
    )


def create(topics: Topics, log: Log) -> list[str]:
    """Create what is missing; the names of the new topics. Raises `LogMisconfigured` for one that is not as it must be."""
    names = list(topics.numbers)
    there = log.topics(names) if names else {}
    missing = [name for name in names if name not in there]
    if missing:
        log.create(missing, partitions=topics.partitions)
    check(topics, log)
    return missing


def check(topics: Topics, log: Log) -> None:
    """Raises `LogMisconfigured` for a topic that is missing or not as it must be; it names the way out."""
    names = list(topics.numbers)
    found = log.topics(names) if names else {}
    for name in names:
        _refuse_what_is_wrong(found.get(name), name, topics.partitions)


def _refuse_what_is_wrong(topic: Topic | None, name: str, partitions: int) -> None:
    if topic is None:
        problem, remedy = "it does not exist", "Run `manage.py create_topics`."
        raise LogMisconfigured(name, problem, remedy)
    if topic.partitions != partitions:
        raise LogMisconfigured(
            name,
            f"it has {topic.partitions} partitions, the log has {partitions}",
            f"Delete it and run `manage.py create_topics`, {REPUBLISH}",
        )
    if topic.problems:
        raise LogMisconfigured(
            name,
            "; ".join(problem for problem, _ in topic.problems),
            " ".join(remedy for _, remedy in topic.problems),
        )
