"""How a topic of the log of record must be set up: nothing is deleted, compacted, re-dated or lost by an election.

A feed (`events.{type}`) is one that others follow: what it holds is deleted by age, for the log of record keeps all of it.

A topic that is not is named with what is wrong and the command that puts it right. `create` makes only what is
missing and nothing here alters a topic that is there: `restorer` switches its dating for the time being, `altering` puts right
what somebody has asked for.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from kafka import errors
from kafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest

from eventstore.errors import LogUnanswered
from eventstore.events import MAX_COMMIT_BYTES
from eventstore.log.kafka.causes import right_missing, translated
from eventstore.log.kafka.cluster import (
    PAUSE_S,
    Cluster,
    TopicMetadata,
    error_of,
)
from eventstore.ports import FEED_PREFIX, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TOPIC_RESOURCE = 2
TIME_SETTING: Final = "message.timestamp.type"
# The largest value, its key and headers, the batch round it, and what snappy adds to bytes that do not compress.
MIN_MESSAGE_BYTES: Final = MAX_COMMIT_BYTES + 10_000
DESIRED_REPLICAS: Final = 3
# What that file holds: docs/OPERATIONS.md, 'What Kafka must allow'.
COMMAND_CONFIG: Final = " --command-config client.properties"
NO_ID: Final = "00000000-0000-0000-0000-000000000000"

SETTINGS: Final[Mapping[str, str]] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "snappy",
    "unclean.leader.election.enable": "false",
}
# A feed may be packed in any way, and how long it keeps is whoever runs it to say. We make it with what every client
# unpacks without a further package; `produce.packing` sends it so, and the broker has nothing to pack anew.
FEED_SETTINGS: Final[Mapping[str, str]] = {
    key: value
    for key, value in SETTINGS.items()
    if not key.startswith(("retention.", "compression."))
}
FEED_PACKING: Final = "gzip"
# A week: a consumer that broke on a Friday evening is seen to on Monday, and has days left to catch up.
FEED_RETENTION: Final = str(7 * 24 * 3600 * 1000)  # ms
# The broker packs anew whatever comes packed otherwise. Snappy grows to the 21-fold at most, so `max.message.bytes`,
# which counts packed bytes, bounds what a reader unpacks; gzip grows to the 1,000-fold.
REASONS: Final[Mapping[str, str]] = {
    "cleanup.policy": "records would be compacted away",
    "retention.ms": "records would be deleted by age",
    "retention.bytes": "records would be deleted by size",
    "message.timestamp.type": "records would carry their writer's clock",
    "compression.type": "records could be packed so that some readers cannot unpack them, or grow a thousandfold",
    "unclean.leader.election.enable": "an election could lose acknowledged records",
}
_RESTORE_FIRST: Final[Mapping[str, str]] = {
    TIME_SETTING: "If `manage.py restore_log` was cut short, run it again, which ends it; else: "
}


class TopicAdmin:
    """Looks at topics and creates them."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        bootstrap: str,
        is_open: bool,
        replication_factor: int | None,
    ) -> None:
        self._cluster = cluster
        self._bootstrap = bootstrap
        self._is_open = is_open
        self._replication_factor = replication_factor

    def describe(self, names: Iterable[str], *, deadline: float) -> dict[str, Topic]:
        """See `Log.topics`."""
        views = self._cluster.look_up(sorted(set(names)), deadline=deadline)
        settings = self._settings(sorted(views), deadline)
        return {
            name: self._topic(name, view, settings[name])
            for name, view in views.items()
            if name in settings
        }

    def _topic(
        self, name: str, view: TopicMetadata, settings: Mapping[str, str]
    ) -> Topic:
        faults = problems(
            name, settings, view, bootstrap=self._bootstrap, is_open=self._is_open
        )
        return Topic(
            name=name,
            id=view.id,
            partitions=len(view.leaders),
            problems=faults,
            left_by_restore=[p for p in faults if p[0].startswith(TIME_SETTING)],
            wrong_settings={
                key: (settings.get(key), value)
                for key, value, _ in wrong_settings(name, settings, view)
            },
        )

    def create(self, names: Iterable[str], *, partitions: int, deadline: float) -> None:
        """See `Log.create`. Returns when each has all its leaders."""
        wanted = sorted(set(names))
        there = self._cluster.look_up(wanted, deadline=deadline)
        missing = [name for name in wanted if name not in there]
        if not missing:
            return
        replicas = self._replication_factor or min(
            DESIRED_REPLICAS, len(self._cluster.brokers(deadline=deadline))
        )
        request = _create_request(missing, partitions, replicas)
        response = self._cluster.ask(request, deadline=deadline)
        for topic in response.topics:
            # The answer carries a code for each topic and raises nothing. "There already" is another process
            # that was quicker, or our own first attempt.
            error = error_of(topic.error_code)
            if error in (None, errors.TopicAlreadyExistsError):
                continue
            if issubclass(error, errors.AuthorizationError):
                with translated():
                    raise right_missing(error, "Create", topic.name)
            msg = f"topic {topic.name} could not be created: {topic.error_message}"
            raise LogUnanswered(msg)
        self._wait_for_leaders(missing, partitions, deadline)

    def _wait_for_leaders(
        self, names: Sequence[str], partitions: int, deadline: float
    ) -> None:
        while True:
            views = self._cluster.look_up(names, deadline=deadline)
            led = [
                name
                for name, view in views.items()
                if len(view.leaders) >= partitions
                and all(leader.node >= 0 for leader in view.leaders.values())
            ]
            if len(led) == len(names):
                return
            if time.monotonic() + PAUSE_S >= deadline:
                late = sorted(set(names) - set(led))
                msg = f"the partitions of {', '.join(late)} got no leaders in time"
                raise LogUnanswered(msg)
            time.sleep(PAUSE_S)

    def _settings(
        self, names: Sequence[str], deadline: float
    ) -> dict[str, dict[str, str]]:
        """Each topic's settings; a topic that was deleted in between is left out."""
        if not names:
            return {}
        request = DescribeConfigsRequest(
            resources=[(TOPIC_RESOURCE, name, None) for name in names],
            include_synonyms=False,
        )
        response = self._cluster.ask(request, deadline=deadline)
        settings = {}
        for result in response.results:
            error = error_of(result.error_code)
            if error is errors.UnknownTopicOrPartitionError:
                continue
            if error is not None:
                with translated():
                    raise right_missing(error, "DescribeConfigs", result.resource_name)
            settings[result.resource_name] = {c.name: c.value for c in result.configs}
        return settings


def problems(
    name: str,
    settings: Mapping[str, str],
    view: TopicMetadata,
    *,
    bootstrap: str,
    is_open: bool = True,
) -> list[tuple[str, str]]:
    """What is wrong with a topic, and the command that puts each thing right.

    is_open: the cluster wants neither TLS nor a log-in; else Kafka's tools need a file that says both.
    """
    where = f"--bootstrap-server {bootstrap}{'' if is_open else COMMAND_CONFIG}"
    faults = [
        (
            f"{key} is {settings.get(key)}, {why}",
            _RESTORE_FIRST.get(key, "")
            + f"kafka-configs.sh {where} --alter --entity-type topics"
            f" --entity-name {name} --add-config {key}={value}",
        )
        for key, value, why in wrong_settings(name, settings, view)
    ]
    if view.id == NO_ID:
        faults.append(("it has no topic id", "Use Kafka 2.8 or newer."))
    return faults


def wrong_settings(
    name: str, settings: Mapping[str, str], view: TopicMetadata
) -> list[tuple[str, str, str]]:
    """The settings that are not as they must be: name, what it must be, why."""
    wanted = _wrong(name, settings)
    if int(settings.get("max.message.bytes", "0")) < MIN_MESSAGE_BYTES:
        why = f"a commit of {MAX_COMMIT_BYTES} bytes would be refused"
        wanted.append(("max.message.bytes", str(_message_bytes()), why))
    in_sync = int(settings.get("min.insync.replicas", "1"))
    if not _fits(in_sync, view.replicas):
        good = min_in_sync(view.replicas)
        why = f"{view.replicas} replicas need {good}: more would stop writes, fewer lose them"
        wanted.append(("min.insync.replicas", str(good), why))
    return wanted


def _wrong(name: str, settings: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The settings that must have one value and have another: name, value, why."""
    is_feed = name.startswith(FEED_PREFIX)
    faults = [
        (key, value, REASONS[key])
        for key, value in (FEED_SETTINGS if is_feed else SETTINGS).items()
        if settings.get(key) != value
    ]
    if is_feed and int(settings.get("retention.ms", "-1")) < 0:
        why = (
            "a feed would grow for ever beside the log of record, which keeps all of it"
        )
        faults.append(("retention.ms", FEED_RETENTION, why))
    return faults


def min_in_sync(replicas: int) -> int:
    """How many replicas must have a record before it counts: two of three or more, else one."""
    return 2 if replicas >= DESIRED_REPLICAS else 1


def _fits(in_sync: int, replicas: int) -> bool:
    return min_in_sync(replicas) <= in_sync < max(replicas, 2)


def _message_bytes() -> int:
    return 1_048_588  # Kafka's own default, said aloud because a cluster's may be lower


def _create_request(names: Sequence[str], partitions: int, replicas: int) -> Any:
    topic = CreateTopicsRequest.CreatableTopic
    config = topic.CreatableTopicConfig
    more = {
        "min.insync.replicas": str(min_in_sync(replicas)),
        "max.message.bytes": str(_message_bytes()),
    }
    return CreateTopicsRequest(
        topics=[
            topic(
                name=name,
                num_partitions=partitions,
                replication_factor=replicas,
                assignments=[],
                configs=[
                    config(name=key, value=value)
                    for key, value in (_settings_at_creation(name) | more).items()
                ],
            )
            for name in names
        ],
        timeout_ms=5_000,
        validate_only=False,
    )


def _settings_at_creation(name: str) -> dict[str, str]:
    if name.startswith(FEED_PREFIX):
        return {
            **SETTINGS,
            "compression.type": FEED_PACKING,
            "retention.ms": FEED_RETENTION,
        }
    return dict(SETTINGS)
