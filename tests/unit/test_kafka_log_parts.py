"""What KafkaLog decides without a broker: which topics are good, what can be unpacked, what it cannot start without."""

from __future__ import annotations

import socket
import struct
import sys
from types import SimpleNamespace

import pytest
from kafka import errors
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.record.util import calc_crc32c

from eventstore.errors import LogUnreadable, NotRestorable
from eventstore.events import Place
from eventstore.log.kafka import KafkaLog
from eventstore.log.kafka.batches import batches
from eventstore.log.kafka.cluster import Leader, TopicMetadata
from eventstore.log.kafka.produce import produce_request
from eventstore.log.kafka.reader import unpack
from eventstore.log.kafka.restorer import judge
from eventstore.log.kafka.topics import (
    FEED_RETENTION,
    MIN_MESSAGE_BYTES,
    NO_ID,
    SETTINGS,
    min_in_sync,
    problems,
)
from eventstore.log.kafka.writer import _queues, answer
from eventstore.ports import (
    WHOLE_BYTES,
    Appended,
    NotWritten,
    Proposal,
    Unknown,
)

BOOTSTRAP = "kafka.example:9092"
PLACE = Place("eventstore.order", 3)
PLACE_AS_SENT = ("eventstore.order", 3)


def a_view(
    *, replicas: int = 3, id_: str = "04882850-35a1-45d0-b7de-413fe5faebc6"
) -> TopicMetadata:
    return TopicMetadata(id=id_, leaders={0: Leader(1, 0)}, replicas=replicas)


def found(
    settings: dict[str, str], view: TopicMetadata, *, is_open: bool = True
) -> list[tuple[str, str]]:
    good = {
        **SETTINGS,
        "max.message.bytes": str(MIN_MESSAGE_BYTES),
        "min.insync.replicas": str(min_in_sync(view.replicas)),
    }
    return problems(
        "eventstore.order",
        good | settings,
        view,
        bootstrap=BOOTSTRAP,
        is_open=is_open,
    )


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"retention.ms": FEED_RETENTION}, None),
        ({"retention.ms": "1000", "retention.bytes": "1000"}, None),  # whose it is
        ({"retention.ms": FEED_RETENTION, "compression.type": "zstd"}, None),
        ({"retention.ms": "-1"}, "retention.ms"),
        ({"retention.ms": "1000", "cleanup.policy": "compact"}, "cleanup.policy"),
        (
            {"retention.ms": "1000", "message.timestamp.type": "CreateTime"},
            "message.timestamp.type",
        ),
    ],
)
def test_a_feed_is_kept_for_a_while_and_loses_nothing_before(
    settings: dict[str, str], wrong: str | None
) -> None:
    good = {
        **SETTINGS,
        "max.message.bytes": str(MIN_MESSAGE_BYTES),
        "min.insync.replicas": "2",
    }

    told = problems("events.order", good | settings, a_view(), bootstrap=BOOTSTRAP)

    assert [problem.partition(" ")[0] for problem, _ in told] == [wrong] * bool(wrong)


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


def test_a_remedy_for_a_cluster_with_log_ins_names_the_file_that_the_tool_needs() -> (
    None
):
    [(_, remedy)] = found({"retention.ms": "1"}, a_view(), is_open=False)

    assert (
        f"--bootstrap-server {BOOTSTRAP} --command-config client.properties --alter"
        in remedy
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


# ---- what is sent, and what an answer proves


def test_a_request_asks_all_replicas_and_is_neither_idempotent_nor_transactional() -> (
    None
):
    request = produce_request({PLACE: [(1, b"key", b"value", [("name", b"\xff")])]})
    partition = request.topic_data[0].partition_data[0]
    producer_id = struct.unpack_from(">q", partition.records, 43)[0]

    assert (request.acks, request.transactional_id) == (-1, None)
    assert (request.topic_data[0].name, partition.index) == PLACE_AS_SENT
    assert producer_id == -1


@pytest.mark.parametrize(
    ("topic", "codec"), [("events.order", 1), ("eventstore.order", 2)]
)
@pytest.mark.parametrize("value", [b"much the same, " * 99, b"x"])
def test_a_feed_is_packed_with_what_every_client_has_and_the_log_with_snappy(
    topic: str, codec: int, value: bytes
) -> None:
    request = produce_request({Place(topic, 0): [(1, b"k", value, ())] * 3})

    (batch,) = batches(request.topic_data[0].partition_data[0].records)

    assert batch.compression_type == (codec if len(value) > 1 else 0)
    assert batch.validate_crc()
    assert [record.value for record in batch] == [value] * 3


def told(
    *, code: int = 0, offset: int = 7, appended_at: int = 1_000
) -> SimpleNamespace:
    return SimpleNamespace(
        error_code=code, base_offset=offset, log_append_time_ms=appended_at
    )


def test_each_record_of_a_batch_has_the_offset_behind_the_one_before() -> None:
    assert [answer(PLACE, told(), n) for n in range(3)] == [
        Appended(7, 1_000),
        Appended(8, 1_000),
        Appended(9, 1_000),
    ]


@pytest.mark.parametrize(
    "error",
    [
        errors.NotLeaderForPartitionError,  # also said of what was appended, when the leader changes meanwhile
        errors.UnknownTopicOrPartitionError,
        errors.RequestTimedOutError,
        errors.NotEnoughReplicasAfterAppendError,
        errors.KafkaStorageError,
        errors.UnknownError,
    ],
)
def test_a_refusal_that_may_come_after_an_append_proves_nothing(
    error: type[errors.KafkaError],
) -> None:
    assert isinstance(answer(PLACE, told(code=error.errno), 0), Unknown)


@pytest.mark.parametrize(
    "error",
    [
        errors.NotEnoughReplicasError,
        errors.MessageSizeTooLargeError,
        errors.TopicAuthorizationFailedError,
    ],
)
def test_a_refusal_before_the_append_is_the_truth(
    error: type[errors.KafkaError],
) -> None:
    assert isinstance(answer(PLACE, told(code=error.errno), 0), NotWritten)


def test_silence_proves_nothing() -> None:
    assert isinstance(answer(PLACE, None, 0), Unknown)


# ---- what is unpacked

ATTRIBUTES, CRC = 21, 17  # where they stand in a batch
NO_CODEC, GZIP, SNAPPY, LZ4, ZSTD, UNHEARD_OF = 0, 1, 2, 3, 4, 7


def a_batch(offset: int, *values: bytes, header: str = "h") -> bytes:
    builder = MemoryRecordsBuilder(2, NO_CODEC, 1_000_000, offset=offset)
    for value in values:
        builder.append(1, b"order.1", value, [(header, b"")])
    builder.close()
    return bytes(builder.buffer())


def sealed_again(batch: bytes) -> bytes:
    """With the checksum of what it has become."""
    return (
        batch[:CRC]
        + struct.pack(">I", calc_crc32c(batch[ATTRIBUTES:]))
        + batch[CRC + 4 :]
    )


def in_codec(codec: int, batch: bytes) -> bytes:
    """A batch that claims to be packed in a way in which it is not."""
    (attributes,) = struct.unpack_from(">h", batch, ATTRIBUTES)
    packed = struct.pack(">h", attributes | codec)
    return sealed_again(batch[:ATTRIBUTES] + packed + batch[ATTRIBUTES + 2 :])


def cut_in_a_record(batch: bytes) -> bytes:
    end = len(batch) - 5
    return sealed_again(batch[:8] + struct.pack(">i", end - 12) + batch[12:end])


UNREADABLE = {
    "gzip": in_codec(GZIP, a_batch(2, b"x")),
    "snappy": in_codec(SNAPPY, a_batch(2, b"x")),
    "lz4": in_codec(LZ4, a_batch(2, b"x")),
    "zstd": in_codec(ZSTD, a_batch(2, b"x")),
    "a codec of tomorrow": in_codec(UNHEARD_OF, a_batch(2, b"x")),
    "a flipped bit": a_batch(2, b"x")[:-1] + b"!",
    "a record that ends early": cut_in_a_record(a_batch(2, b"x")),
}


@pytest.mark.parametrize("damaged", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_unpacked_is_told_with_its_place(damaged: bytes) -> None:
    with pytest.raises(LogUnreadable) as told:
        unpack(PLACE, damaged, 2, 1_000)

    error = told.value
    assert (error.topic, error.partition, error.offset) == ("eventstore.order", 3, 2)


def test_a_batch_of_another_format_is_told_with_its_place() -> None:
    old = a_batch(2, b"x")
    old = old[:16] + b"\x01" + old[17:]

    with pytest.raises(LogUnreadable):
        unpack(PLACE, old, 2, 1_000)


def test_headers_are_passed_over_whatever_they_hold() -> None:
    batch = a_batch(2, b"x", b"y", header="hh").replace(b"hh", b"\xff\xfe")

    records, behind = unpack(PLACE, sealed_again(batch), 2, 1_000)

    assert [(r.offset, r.key, r.value) for r in records] == [
        (2, b"order.1", b"x"),
        (3, b"order.1", b"y"),
    ]
    assert behind == 4


@pytest.mark.parametrize("left", [1, 11, 12, 60, 75])
def test_a_batch_that_the_fetch_cut_off_comes_with_the_next_one(left: int) -> None:
    data = a_batch(0, b"a") + a_batch(1, b"b")[:left]

    records, behind = unpack(PLACE, data, 0, 1_000_000)

    assert [r.value for r in records] == [b"a"]
    assert behind == 1


def test_what_stands_before_a_batch_that_cannot_be_unpacked_is_read() -> None:
    data = a_batch(0, b"a", b"b") + UNREADABLE["zstd"] + a_batch(3, b"c")

    records, behind = unpack(PLACE, data, 1, 1_000)

    assert [(r.offset, r.value) for r in records] == [(1, b"b")]
    assert behind == 2


@pytest.mark.parametrize(
    ("error_code", "base_offset", "log_append_time_ms", "says"),
    [
        (0, 8, -1, "went on at offset 8.*delete the topic"),
        (0, 7, 1_700_000_000_000, "dated the records itself.*delete the topic"),
        (6, -1, -1, "did not answer.*Run restore_log again"),
        (20, -1, -1, "did not answer.*Run restore_log again"),
        (32, -1, -1, "refused it for good .InvalidTimestampError"),
    ],
)
def test_a_batch_that_was_put_back_must_lie_at_its_offset_with_its_times(
    error_code: int, base_offset: int, log_append_time_ms: int, says: str
) -> None:
    answer = SimpleNamespace(
        error_code=error_code,
        base_offset=base_offset,
        log_append_time_ms=log_append_time_ms,
    )

    with pytest.raises(NotRestorable, match=says) as caught:
        judge(PLACE, 7, answer)

    assert caught.value.offset == 7


def test_a_batch_that_lies_at_its_offset_with_its_times_is_fine() -> None:
    judge(
        PLACE,
        7,
        SimpleNamespace(error_code=0, base_offset=7, log_append_time_ms=-1),
    )


def test_what_must_be_written_as_a_whole_is_one_batch() -> None:
    proposal = Proposal(PLACE, b"k" * 190, b"x", [("content-type", b"y" * 50)])
    proposals = [proposal] * (WHOLE_BYTES // proposal.size)

    (parts,) = _queues(proposals, {}).values()

    assert [len(part.numbers) for part in parts] == [len(proposals)]
