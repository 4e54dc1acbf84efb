"""KafkaLog against real brokers: dead, frozen and restarted ones, wrong topics, foreign transactions, forks."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from eventstore.errors import LogTruncated, LogUnavailable
from eventstore.events import Place
from eventstore.log.kafka import KafkaLog
from eventstore.ports import Appended, NotWritten, Unknown
from eventstore.testing.log_given import a_proposal, a_topic, append, read_all
from tests.plugins.kafka_logs import until

if TYPE_CHECKING:
    from scripts.launcher.broker import Cluster

pytestmark = pytest.mark.kafka

OpenKafka = Callable[..., KafkaLog]
GOOD: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
}


@pytest.fixture
def log(open_kafka: OpenKafka) -> KafkaLog:
    return open_kafka()


@pytest.fixture
def place(log: KafkaLog) -> Place:
    name = a_topic()
    log.create([name], partitions=1)
    return Place(name, 0)


@pytest.fixture
def own(open_kafka: OpenKafka, broker: Cluster) -> KafkaLog:
    return open_kafka(broker.bootstrap)


@pytest.fixture
def own_place(own: KafkaLog) -> Place:
    name = a_topic()
    own.create([name], partitions=1)
    return Place(name, 0)


@pytest.fixture
def admin(kafka_bootstrap: str) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    yield admin
    admin.close()


def a_topic_with(admin: KafkaAdminClient, settings: Mapping[str, str]) -> Place:
    """A topic with settings of its own, as some administrator may have made it."""
    name = a_topic()
    spec = {"num_partitions": 1, "replication_factor": 1, "configs": dict(settings)}
    admin.create_topics({name: spec}, wait_for_metadata=True)
    return Place(name, 0)


# ---- nobody there


def test_without_a_broker_nothing_is_written_and_it_is_said_soon(
    open_kafka: OpenKafka,
) -> None:
    log = open_kafka(_nobody())
    started = time.monotonic()

    answers = log.append([a_proposal(Place("eventstore.t", 0))] * 3, timeout_s=10)

    assert [type(a) for a in answers] == [NotWritten] * 3
    assert time.monotonic() - started < 5


def test_without_a_broker_whoever_asks_hears_that_the_log_is_unavailable(
    open_kafka: OpenKafka,
) -> None:
    log, place = open_kafka(_nobody()), Place("eventstore.t", 0)

    for ask in (
        lambda: log.read(place, 0),
        lambda: log.extents([place]),
        lambda: log.topics(["eventstore.t"]),
        lambda: log.create(["eventstore.t"], partitions=1),
    ):
        with pytest.raises(LogUnavailable):
            ask()


def test_a_broker_that_accepts_and_never_answers_is_as_good_as_none(
    open_kafka: OpenKafka,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        log = open_kafka(f"127.0.0.1:{deaf.getsockname()[1]}")
        started = time.monotonic()

        answers = log.append([a_proposal(Place("eventstore.t", 0))], timeout_s=1)

        assert isinstance(answers[0], NotWritten)
        assert time.monotonic() - started < 2


# ---- there, and then not


def test_a_frozen_broker_leaves_the_outcome_unknown_and_then_the_log_tells_it(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place, b"before"))
    broker.pause(1)
    started = time.monotonic()

    answers = own.append([a_proposal(own_place, b"during")], timeout_s=1)
    took = time.monotonic() - started
    broker.resume(1)

    assert isinstance(answers[0], Unknown)
    assert took < 2
    until(lambda: own.extents([own_place])[own_place].end > 1)
    append(own, a_proposal(own_place, b"after"))
    values = [r.value for r in read_all(own, own_place)]
    assert values[0] == b"before"
    assert set(values[1:-1]) == {b"during"}
    assert values[-1] == b"after"


def test_what_is_handed_to_a_frozen_broker_is_bounded(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place))
    broker.pause(1)

    answers = own.append([a_proposal(own_place, b"x" * 1_000_000)] * 40, timeout_s=1)

    kinds = [type(a) for a in answers]
    assert kinds.count(Unknown) == 15
    assert kinds == [Unknown] * 15 + [NotWritten] * 25


def test_a_killed_broker_takes_nothing_acknowledged_along(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    told = append(own, *(a_proposal(own_place, b"%d" % n) for n in range(100)))
    broker.kill(1)

    during = own.append([a_proposal(own_place, b"during")], timeout_s=1)
    with pytest.raises(LogUnavailable):
        own.read(own_place, 0)
    broker.restart(1)

    assert not isinstance(during[0], Appended)
    until(lambda: _is_appended(own, own_place))
    found = {r.offset: r.value for r in read_all(own, own_place)}
    assert [found[a.offset] for a in told] == [b"%d" % n for n in range(100)]
    if isinstance(during[0], NotWritten):
        assert b"during" not in found.values()


def test_a_connection_that_died_unnoticed_is_replaced(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place, b"before"))
    own.read(own_place, 0)
    broker.restart(1)

    assert own.read(own_place, 0).records[0].value == b"before"


def test_closing_with_something_under_way_returns_and_leaves_no_thread(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    threads = set(threading.enumerate())
    append(own, a_proposal(own_place))
    broker.pause(1)
    own.append([a_proposal(own_place)], timeout_s=0.5)
    started = time.monotonic()

    own.close()

    assert time.monotonic() - started < 5
    until(lambda: set(threading.enumerate()) <= threads)


# ---- topics


def test_no_name_is_created_by_asking_for_it_even_where_brokers_would(
    own: KafkaLog, own_place: Place, broker: Cluster
) -> None:
    append(own, a_proposal(own_place))
    name = a_topic()
    place = Place(name, 0)

    own.append([a_proposal(place)], timeout_s=5)
    own.topics([name])
    for ask in (lambda: own.read(place, 0), lambda: own.extents([place])):
        with pytest.raises(Exception, match="it is not there"):
            ask()

    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    names = admin.list_topics()
    admin.close()
    assert own_place.topic in names
    assert name not in names


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
        ("message.timestamp.type", "CreateTime"),
        ("max.message.bytes", "500000"),
        ("min.insync.replicas", "2"),
        ("unclean.leader.election.enable", "true"),
    ],
)
def test_a_wrong_setting_is_named_with_the_command_that_puts_it_right(
    log: KafkaLog, admin: KafkaAdminClient, setting: str, value: str
) -> None:
    place = a_topic_with(admin, {**GOOD, setting: value})

    problems = log.topics([place.topic])[place.topic].problems

    assert len(problems) == 1
    problem, remedy = problems[0]
    assert problem.startswith(f"{setting} is {value}")
    assert f"--entity-name {place.topic} --add-config {setting}=" in remedy


def test_what_create_makes_has_nothing_wrong_with_it(
    log: KafkaLog, place: Place
) -> None:
    assert list(log.topics([place.topic])[place.topic].problems) == []


def test_a_topic_with_the_writers_clock_gives_no_time_to_rely_on(
    log: KafkaLog, admin: KafkaAdminClient
) -> None:
    place = a_topic_with(admin, {**GOOD, "message.timestamp.type": "CreateTime"})

    answers = log.append([a_proposal(place)], timeout_s=5)

    assert isinstance(answers[0], Unknown)
    assert "message.timestamp.type" in answers[0].reason


def test_a_record_that_only_the_broker_finds_too_large_is_unknown_and_is_not_there(
    log: KafkaLog, admin: KafkaAdminClient
) -> None:
    place = a_topic_with(admin, {**GOOD, "max.message.bytes": "1000"})
    proposals = [
        a_proposal(place, b"small"),
        a_proposal(place, os.urandom(5_000)),
        a_proposal(place, b"small too"),
    ]

    answers = log.append(proposals, timeout_s=5)

    assert [type(a) for a in answers] == [Appended, Unknown, Appended]
    assert [r.value for r in read_all(log, place)] == [b"small", b"small too"]


# ---- read


def test_a_log_that_lost_its_beginning_is_truncated_and_says_what_is_left(
    log: KafkaLog, place: Place, admin: KafkaAdminClient
) -> None:
    append(log, *(a_proposal(place) for _ in range(10)))
    admin.delete_records({TopicPartition(*_of(place)): 4})

    with pytest.raises(LogTruncated) as caught:
        log.read(place, 3)

    assert caught.value.found == "it now holds offsets 4 to 10"
    assert log.read(place, 4).records[0].offset == 4


def test_a_read_inside_a_batch_leaves_out_what_was_before(
    log: KafkaLog, place: Place
) -> None:
    append(log, *(a_proposal(place, b"%d" % n) for n in range(1_000)))

    batch = log.read(place, 777)

    assert [r.value for r in batch.records] == [b"%d" % n for n in range(777, 1_000)]


def test_records_of_aborted_transactions_count_and_control_records_only_move_on(
    log: KafkaLog, place: Place, kafka_bootstrap: str
) -> None:
    append(log, a_proposal(place, b"ours"))
    with _transactional(kafka_bootstrap) as producer:
        for value, end in ((b"aborted", "abort"), (b"committed", "commit")):
            producer.begin_transaction()
            producer.send(place.topic, key=b"k", value=value, partition=0).get(10)
            getattr(producer, f"{end}_transaction")()
    append(log, a_proposal(place, b"ours too"))

    found = [(r.offset, r.value) for r in read_all(log, place)]

    expected = [(0, b"ours"), (1, b"aborted"), (3, b"committed"), (5, b"ours too")]
    assert found == expected
    assert log.read(place, 2).records[0].offset == 3


def test_a_control_record_at_the_end_is_passed(
    log: KafkaLog, place: Place, kafka_bootstrap: str
) -> None:
    with _transactional(kafka_bootstrap) as producer:
        producer.begin_transaction()
        producer.send(place.topic, key=b"k", value=b"v", partition=0).get(10)
        producer.abort_transaction()
    until(lambda: log.extents([place])[place].end == 2)

    batch = log.read(place, 1)

    assert list(batch.records) == []
    assert batch.next_offset == 2


def test_records_of_an_open_transaction_are_read(
    log: KafkaLog, place: Place, kafka_bootstrap: str
) -> None:
    with _transactional(kafka_bootstrap) as producer:
        producer.begin_transaction()
        producer.send(place.topic, key=b"k", value=b"open", partition=0).get(10)

        assert log.read(place, 0).records[0].value == b"open"
        assert log.extents([place])[place].end == 1

        producer.abort_transaction()


# ---- processes


def test_a_forked_child_has_connections_of_its_own(log: KafkaLog, place: Place) -> None:
    append(log, a_proposal(place, b"parent"))
    log.read(place, 0)

    child = os.fork()
    if child == 0:  # pragma: no cover  another process
        append(log, a_proposal(place, b"child"))
        found = {r.value for r in read_all(log, place)}
        os._exit(0 if {b"parent", b"child"} <= found else 1)
    append(log, a_proposal(place, b"parent too"))

    assert _exit_code(child) == 0
    append(log, a_proposal(place, b"parent again"))
    values = {r.value for r in read_all(log, place)}
    assert values == {b"parent", b"child", b"parent too", b"parent again"}


def test_after_closing_the_next_call_connects_anew(log: KafkaLog, place: Place) -> None:
    append(log, a_proposal(place))
    log.close()

    append(log, a_proposal(place))

    assert len(read_all(log, place)) == 2


def _nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


def _of(place: Place) -> tuple[str, int]:
    return place.topic, place.partition


def _is_appended(log: KafkaLog, place: Place) -> bool:
    return isinstance(log.append([a_proposal(place)], timeout_s=5)[0], Appended)


def _transactional(bootstrap: str) -> KafkaProducer:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"foreign-{a_topic()}"
    )
    producer.init_transactions()
    return producer


def _exit_code(child: int) -> int:
    status: list[int] = []

    def ended() -> bool:
        pid, code = os.waitpid(child, os.WNOHANG)
        status.append(code)
        return pid == child

    try:
        until(ended)
    except AssertionError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    return os.waitstatus_to_exitcode(status[-1])
