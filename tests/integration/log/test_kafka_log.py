"""KafkaLog on a real broker: wrong topics, foreign transactions, lost beginnings, forks."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import MessageSizeTooLargeError

from eventstore.errors import LogTruncated
from eventstore.events import Place
from eventstore.log.kafka import KafkaLog
from eventstore.ports import Appended, NotWritten, Unknown
from eventstore.testing.log_given import a_proposal, a_topic, append, read_all
from tests.plugins.kafka_logs import codecs, until

if TYPE_CHECKING:
    from scripts.launcher.broker import Cluster as Brokers

pytestmark = pytest.mark.kafka

OpenKafka = Callable[..., KafkaLog]
SNAPPY = 2
GOOD: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "snappy",
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
def own(open_kafka: OpenKafka, broker: Brokers) -> KafkaLog:
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


# ---- topics


def test_no_name_is_created_by_asking_for_it_even_where_brokers_would(
    own: KafkaLog, own_place: Place, broker: Brokers
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
        ("compression.type", "producer"),
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

    answers = log.append([a_proposal(place)], timeout_s=120)

    assert isinstance(answers[0], Unknown)
    assert "message.timestamp.type" in answers[0].reason


def test_a_record_that_only_the_broker_finds_too_large_is_not_written_and_holds_up_no_other(
    log: KafkaLog, admin: KafkaAdminClient
) -> None:
    place = a_topic_with(admin, {**GOOD, "max.message.bytes": "1000"})
    proposals = [
        a_proposal(place, b"small"),
        a_proposal(place, os.urandom(5_000)),
        a_proposal(place, b"small too"),
    ]

    answers = log.append(proposals, timeout_s=120)

    assert [type(a) for a in answers] == [Appended, NotWritten, Appended]
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
            producer.send(place.topic, key=b"k", value=value, partition=0).get(120)
            getattr(producer, f"{end}_transaction")()
    until(lambda: log.extents([place])[place].end == 5)  # markers come a little later
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
        producer.send(place.topic, key=b"k", value=b"v", partition=0).get(120)
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
        producer.send(place.topic, key=b"k", value=b"open", partition=0).get(120)

        assert log.read(place, 0).records[0].value == b"open"
        assert log.extents([place])[place].end == 1

        producer.abort_transaction()


# ---- what foreign producers send


def test_what_a_foreign_producer_packed_otherwise_is_packed_anew_and_read(
    log: KafkaLog, place: Place, kafka_bootstrap: str
) -> None:
    with _producer(kafka_bootstrap, compression_type="gzip") as producer:
        producer.send(
            place.topic,
            key=b"k",
            value=b"packed by gzip" * 99,
            headers=[("h", b"")],
            partition=0,
        ).get(120)
    append(log, a_proposal(place, b"ours"))

    values = [r.value for r in read_all(log, place)]

    assert values == [b"packed by gzip" * 99, b"ours"]
    assert codecs(place, kafka_bootstrap) == {SNAPPY}


def test_a_record_that_grows_a_thousandfold_is_refused_by_the_broker(
    log: KafkaLog, place: Place, kafka_bootstrap: str
) -> None:
    bomb = bytes(25_000_000)  # 25 kB on the wire; the broker unpacks it into 256 MB
    options = {"compression_type": "gzip", "max_request_size": 30_000_000}
    with (
        _producer(kafka_bootstrap, **options) as producer,
        pytest.raises(MessageSizeTooLargeError),
    ):
        producer.send(place.topic, key=b"k", value=bomb, partition=0).get(120)
    append(log, a_proposal(place, b"ours"))

    assert [r.value for r in read_all(log, place)] == [b"ours"]


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


def _of(place: Place) -> tuple[str, int]:
    return place.topic, place.partition


def _transactional(bootstrap: str) -> KafkaProducer:
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=f"foreign-{a_topic()}"
    )
    producer.init_transactions()
    return producer


def _producer(bootstrap: str, **options: Any) -> KafkaProducer:
    return KafkaProducer(bootstrap_servers=bootstrap, **options)


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
