"""What KafkaLog decides without a broker: which topics are good, and what it refuses to start without."""

from __future__ import annotations

import socket
import sys

import pytest

from eventstore.log.kafka import KafkaLog
from eventstore.log.kafka.cluster import Leader, TopicMetadata
from eventstore.log.kafka.topics import (
    MIN_MESSAGE_BYTES,
    NO_ID,
    SETTINGS,
    min_in_sync,
    problems,
)
from eventstore.log.kafka.writer import PRODUCER_OPTIONS

BOOTSTRAP = "kafka.example:9092"


def a_view(
    *, replicas: int = 3, id_: str = "04882850-35a1-45d0-b7de-413fe5faebc6"
) -> TopicMetadata:
    return TopicMetadata(id=id_, leaders={0: Leader(1, 0)}, replicas=replicas)


def found(settings: dict[str, str], view: TopicMetadata) -> list[tuple[str, str]]:
    good = {
        **SETTINGS,
        "max.message.bytes": str(MIN_MESSAGE_BYTES),
        "min.insync.replicas": str(min_in_sync(view.replicas)),
    }
    return problems("eventstore.order", good | settings, view, bootstrap=BOOTSTRAP)


@pytest.mark.parametrize("replicas", [1, 2, 3, 5])
def test_a_topic_as_we_create_it_has_no_problem(replicas: int) -> None:
    assert found({}, a_view(replicas=replicas)) == []


@pytest.mark.parametrize(
    ("replicas", "in_sync", "good"),
    [
        (1, 1, True),
        (1, 2, False),  # nothing could be written
        (2, 1, True),
        (2, 2, False),  # the loss of one stops all
        (3, 1, False),  # what one broker acknowledged dies with it
        (3, 2, True),
        (3, 3, False),
        (5, 1, False),
        (5, 2, True),
        (5, 4, True),
        (5, 5, False),
    ],
)
def test_the_replicas_in_sync_fit_the_replicas(
    *, replicas: int, in_sync: int, good: bool
) -> None:
    problem = found({"min.insync.replicas": str(in_sync)}, a_view(replicas=replicas))

    assert (problem == []) is good


def test_a_remedy_is_a_command_that_can_be_copied() -> None:
    [(problem, remedy)] = found({"retention.ms": "604800000"}, a_view())

    assert problem == "retention.ms is 604800000, records would be deleted by age"
    assert remedy == (
        "kafka-configs.sh --bootstrap-server kafka.example:9092 --alter --entity-type topics"
        " --entity-name eventstore.order --add-config retention.ms=-1"
    )


def test_every_wrong_setting_is_named() -> None:
    settings = {
        "retention.ms": "1",
        "retention.bytes": "1",
        "cleanup.policy": "compact",
    }

    assert len(found(settings, a_view())) == 3


def test_a_topic_without_an_id_is_from_a_cluster_too_old() -> None:
    [(_, remedy)] = found({}, a_view(id_=NO_ID))

    assert remedy == "Use Kafka 2.8 or newer."


@pytest.mark.parametrize("module", ["crc32c", "snappy"])
def test_a_missing_extra_is_said_at_construction_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ImportError, match=rf"package {module}: pip install"):
        KafkaLog([BOOTSTRAP])


def test_a_mistyped_security_option_does_not_switch_security_off() -> None:
    with pytest.raises(ValueError, match="securty_protocol is no security option"):
        KafkaLog([BOOTSTRAP], security={"securty_protocol": "SASL_SSL"})


def test_making_a_log_connects_to_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)  # noqa: FBT003

        KafkaLog([f"127.0.0.1:{door.getsockname()[1]}"]).close()

        with pytest.raises(BlockingIOError):  # nobody is waiting there
            door.accept()


def test_the_producer_is_neither_idempotent_nor_hasty() -> None:
    pinned = {
        "enable_idempotence": False,
        "acks": "all",
        "retries": 3,
        "max_in_flight_requests_per_connection": 1,
        "compression_type": "snappy",
        "request_timeout_ms": 5_000,
        "delivery_timeout_ms": 15_000,
        "max_block_ms": 2_000,
        "linger_ms": 0,
    }

    assert {name: PRODUCER_OPTIONS[name] for name in pinned} == pinned
