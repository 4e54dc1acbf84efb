"""Sets a topic's settings, all of them in one request: a broker takes all of a topic's or none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from kafka.protocol.admin import DescribeConfigsRequest, IncrementalAlterConfigsRequest

from eventstore.errors import LogUnanswered
from eventstore.log.kafka.cluster import PAUSE_S, Cluster, error_of
from eventstore.log.kafka.topics import TOPIC_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

_SET: Final = 0


def alter(
    cluster: Cluster, topic: str, settings: Mapping[str, str], *, deadline: float
) -> None:
    """See `Repairable.alter`.

    At once, because one by one could be worse than none: `cleanup.policy=delete` before `retention.ms=-1` lets the broker
    delete what compaction had left.
    """
    answer = cluster.ask(_request(topic, settings), deadline=deadline)
    # The answer carries a code and raises nothing.
    (response,) = answer.responses
    if (error := error_of(response.error_code)) is not None:
        msg = f"the settings of {topic} could not be changed ({error.__name__})"
        raise LogUnanswered(msg)
    while not _is_shown(cluster, topic, settings, deadline):
        if time.monotonic() + PAUSE_S >= deadline:
            msg = f"the settings of {topic} did not change everywhere in time"
            raise LogUnanswered(msg)
        time.sleep(PAUSE_S)


def _is_shown(
    cluster: Cluster, topic: str, settings: Mapping[str, str], deadline: float
) -> bool:
    """Whether every broker shows them."""
    request = DescribeConfigsRequest(
        resources=[(TOPIC_RESOURCE, topic, list(settings))], include_synonyms=False
    )
    answers = [
        cluster.ask(request, node=node, deadline=deadline)
        for node in cluster.brokers(deadline=deadline)
    ]
    shown = [{c.name: c.value for r in a.results for c in r.configs} for a in answers]
    return all(one == dict(settings) for one in shown)


def _request(topic: str, settings: Mapping[str, str]) -> Any:
    resource = IncrementalAlterConfigsRequest.AlterConfigsResource
    config = resource.AlterableConfig
    configs = [
        config(name=name, config_operation=_SET, value=value)
        for name, value in settings.items()
    ]
    return IncrementalAlterConfigsRequest(
        resources=[
            resource(resource_type=TOPIC_RESOURCE, resource_name=topic, configs=configs)
        ],
        validate_only=False,
    )
