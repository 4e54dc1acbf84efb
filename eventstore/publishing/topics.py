"""The topics `events.{type}`: of the same partitions as the log's, kept for a while. The log of record keeps everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.conf import conf, registry
from eventstore.events import stream_type_of
from eventstore.log.configured import has_feeds
from eventstore.log.topics import (
    Topics,
    check_auxiliary,
    create_auxiliary,
    wrong_auxiliary,
)
from eventstore.ports import FEED_PREFIX

if TYPE_CHECKING:
    from eventstore.errors import LogMisconfigured
    from eventstore.ports import Log

REPUBLISH = "then `manage.py subscriptions reset events --to beginning --reason ...`, which publishes everything again."
_REMADE = f"Delete it and run `manage.py create_topics`, {REPUBLISH}"


def is_published() -> bool:
    """Whether this store has a real-time stream: on a log with feeds, as Kafka, unless it is switched off."""
    return bool(conf.PUBLISH) and has_feeds()


def topic_of(stream_id: str) -> str:
    """Where a stream's events are published."""
    return FEED_PREFIX + stream_type_of(stream_id)


def feed_topics() -> Topics:
    """Those of all stream types, with the numbers of the log's own; none where nothing is published."""
    known = registry().stream_types if is_published() else {}
    return Topics(
        {topic_of(name): one.number for name, one in known.items()}, conf.PARTITIONS
    )


def create(topics: Topics, log: Log) -> list[str]:
    """Create what is missing; the names of the new topics. Raises `LogMisconfigured` for one that is not as it must be."""
    return create_auxiliary(topics, log, remade=_REMADE)


def check(topics: Topics, log: Log) -> None:
    """Raises `LogMisconfigured` for a topic that is missing or not as it must be; it names the way out."""
    check_auxiliary(topics, log, remade=_REMADE)


def wrong(topics: Topics, log: Log) -> list[LogMisconfigured]:
    """What is wrong with each that is missing or not as it must be."""
    return wrong_auxiliary(topics, log, remade=_REMADE)
