"""The measurement's topics on a real broker: deleted at the end, and how durable the broker is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from eventstore.conf import conf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOLD: Final = (
    "log.flush.interval.messages",
    "log.flush.interval.ms",
    "min.insync.replicas",
    "num.network.threads",
    "num.io.threads",
)


def delete_topics(names: Iterable[str]) -> None:
    """Take away what the measurement made; what is not there is no trouble."""
    with _admin() as admin:
        admin.delete_topics(list(names), raise_errors=False)


def durability() -> dict[str, Any]:
    """How many brokers, which version, and what decides when a record is on disk."""
    with _admin() as admin:
        brokers = [
            broker["broker_id"] for broker in admin.describe_cluster()["brokers"]
        ]
        first = str(brokers[0])
        resources = [ConfigResource(ConfigResourceType.BROKER, first)]
        settings = admin.describe_configs(resources, config_filter="all")["broker"][
            first
        ]
        version = admin.get_broker_version_data(brokers[0]).broker_version
    return {
        "brokers": len(brokers),
        "version": ".".join(map(str, version)),
        **{name: settings[name]["value"] for name in _TOLD if name in settings},
    }


@contextmanager
def _admin() -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(
        bootstrap_servers=list(conf.KAFKA_BOOTSTRAP), **conf.KAFKA_SECURITY
    )
    try:
        yield admin
    finally:
        admin.close()
