"""The codec against the naive reader, and against itself: on arbitrary and on mutated records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from eventstore.errors import InvalidEvent
from eventstore.events import (
    MAX_COMMIT_BYTES,
    Activation,
    Commit,
    CommitEvent,
    Expected,
    Malformed,
    Sealed,
)
from eventstore.protocol import canonical
from eventstore.protocol.codec import decode, decode_strictly, encode, encode_activation
from teddy_es.faults import naive
from tests.golden.vectors import plain
from tests.strategies import (
    GATE,
    commits,
    json_like_bytes,
    json_values,
    mutated_records,
)
from tests.unit.records import a_commit, an_event, fields_of


def read(key: bytes | None, value: bytes | None) -> str | None:
    """What the real codec reads, as text to compare; None if it is malformed."""
    found = decode(key, value)
    if isinstance(found, Malformed):
        return None
    if isinstance(found, Activation):
        return plain({"v": 1, "activate": found.version})
    return plain(fields_of(found))


def read_naively(key: bytes | None, value: bytes | None) -> str | None:
    """What the naive reader reads, in the same form."""
    found = naive.read(key, value)
    return None if found is None else plain(found)


@GATE
@given(key=st.none() | st.binary(max_size=8), value=st.none() | st.binary(max_size=64))
def test_both_readers_agree_on_arbitrary_bytes(
    key: bytes | None, value: bytes | None
) -> None:
    assert read(key, value) == read_naively(key, value)


@GATE
@given(value=json_like_bytes)
def test_both_readers_agree_on_what_looks_like_json(value: bytes) -> None:
    inside = b'{"v":1,"activate":' + value + b"}"

    assert read(None, inside) == read_naively(None, inside)


@GATE
@given(record=mutated_records())
def test_both_readers_agree_on_mutated_records(
    record: tuple[bytes | None, bytes],
) -> None:
    assert read(*record) == read_naively(*record)


@GATE
@given(value=json_like_bytes)
def test_both_readers_agree_on_anything_inside_of_data(value: bytes) -> None:
    shell = encode(a_commit(an_event(data={"a": "@"})))
    record = shell.replace(b'"@"', value)

    assert read(b"order.order-1", record) == read_naively(b"order.order-1", record)


@GATE
@given(record=commits)
def test_what_is_encoded_is_decoded_as_it_was(record: dict[str, Any]) -> None:
    commit = commit_of(record)
    try:
        value = encode(commit)
    except InvalidEvent:
        assert naive.read(commit.stream_id.encode(), plain(record).encode()) is None
        return

    again = decode(commit.stream_id.encode(), value)

    assert again == commit
    assert naive.read(commit.stream_id.encode(), value) == record


@GATE
@given(data=st.dictionaries(st.text(max_size=4), json_values, max_size=3))
@example(data={"a": "\x00"})
@example(data={"a": "\ud800"})
@example(data={"a\x00": 1})
@example(data={"a": 2**53 + 1})
@example(data={"a": -(2**53) - 1})
@example(data={"a": 10**400})
@example(data={"a": float("nan")})
@example(data={"a": [float("inf")]})
@example(data={"a": {"b": -float("inf")}})
def test_encode_refuses_what_the_grammar_refuses(data: dict[str, Any]) -> None:
    commit = a_commit(an_event(data=data))
    record = plain(fields_of(commit)).encode("utf-8", "surrogatepass")
    holds = naive.read(b"order.order-1", record) is not None

    try:
        encode(commit)
        encoded = True
    except InvalidEvent:
        encoded = False

    assert encoded == holds


@pytest.mark.parametrize(
    "data",
    [
        {"a": b"bytes"},
        {"a": UUID(int=1)},
        {"a": {1: "a number as a name"}},
        {"a": {1, 2}},
        {"a": object()},
        {"a": 1j},
    ],
    ids=["bytes", "uuid", "number as name", "set", "object", "complex"],
)
def test_encode_refuses_what_json_has_no_form_for(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent):
        encode(a_commit(an_event(data=data)))


@pytest.mark.parametrize(
    "commit",
    [
        a_commit(stream_id="Order.1"),
        a_commit(stream_id="order.1\n"),
        a_commit(expected=-1),
        a_commit(expected="sometimes"),
        a_commit(expected=True),
        a_commit(v=-1),
        a_commit(an_event(type="")),
        a_commit(an_event(schema=-1)),
        a_commit(an_event(schema=True)),
        a_commit(an_event(occurred_at="2026-11-23T09:00:00Z")),
        a_commit(an_event(data=[])),
        a_commit(an_event(1), an_event(1)),
        a_commit(*(an_event(n) for n in range(1_001))),
        a_commit(an_event(sealed=Sealed("k1", "AAAA", "AAAA"))),
        Commit(UUID(int=1), "order.order-1", Expected.ANY, ()),
    ],
    ids=[
        "capital in the stream id",
        "line feed in the stream id",
        "negative expectation",
        "unknown word",
        "boolean expectation",
        "negative v",
        "no type",
        "negative schema",
        "boolean schema",
        "time without fraction",
        "data no object",
        "event id twice",
        "1,001 events",
        "sealed badly",
        "no event",
    ],
)
def test_encode_refuses_a_commit_that_would_be_malformed(commit: Commit) -> None:
    with pytest.raises(InvalidEvent, match=r"grammar|JSON"):
        encode(commit)


class Grams(float):
    """A number by all that Python knows."""


def test_encode_refuses_what_only_the_encoder_does_not_know() -> None:
    with pytest.raises(InvalidEvent, match=r"its data is not JSON \(TypeError\)"):
        encode(a_commit(an_event(data={"a": Grams(1)})))


def test_a_commit_is_held_against_the_grammar_up_to_its_largest_size() -> None:
    """One that is larger is the appender's to refuse, who names its size."""
    event = an_event(type="", data={"a": ""})
    frame = len(canonical.write(a_commit(event)))
    largest, larger = (
        a_commit(replace(event, data={"a": "x" * (MAX_COMMIT_BYTES - frame + more)}))
        for more in (0, 1)
    )

    with pytest.raises(InvalidEvent, match="grammar"):
        encode(largest)
    assert len(encode(larger)) == MAX_COMMIT_BYTES + 1


def test_encode_takes_a_tuple_for_an_array() -> None:
    value = encode(a_commit(an_event(data={"a": (1, 2)})))

    again = decode(b"order.order-1", value)

    assert isinstance(again, Commit)
    assert again.events[0].data == {"a": [1, 2]}


def test_the_refusal_quotes_nothing_of_the_data() -> None:
    with pytest.raises(InvalidEvent) as refusal:
        encode(a_commit(an_event(data={"secret name": "secret word\x00"})))

    assert "secret" not in str(refusal.value)


@GATE
@given(record=mutated_records())
def test_the_quick_way_reads_nothing_that_the_strict_one_reads_otherwise(
    record: tuple[bytes | None, bytes],
) -> None:
    key, value = record

    found = canonical.read(key, value)

    event(f"quick: {found is not None}")
    assert found is None or found == decode_strictly(key, value)


def test_what_the_encoder_writes_is_read_the_quick_way() -> None:
    commit = a_commit(an_event(1), an_event(2, data={"a": [1, -0.5, None, "ü/"]}))

    assert canonical.read(b"order.order-1", encode(commit)) == commit


def test_what_is_too_large_is_left_to_the_appender_to_refuse() -> None:
    value = encode(a_commit(an_event(data={"a": "x" * MAX_COMMIT_BYTES})))

    assert len(value) > MAX_COMMIT_BYTES
    assert decode(b"order.order-1", value) == Malformed("too_large")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_activation_is_decoded_as_it_was(version: int) -> None:
    assert decode(None, encode_activation(version)) == Activation(version)


def commit_of(record: dict[str, Any]) -> Commit:
    """A record's object as a Commit."""
    return Commit(
        commit_id=UUID(record["commit_id"]),
        stream_id=record["stream_id"],
        expected=Expected(record["expected"]),
        events=tuple(_event_of(event) for event in record["events"]),
        v=record["v"],
    )


def _event_of(event: dict[str, Any]) -> CommitEvent:
    fields = dict(event)
    for name in ("event_id", "correlation_id", "causation_id"):
        fields[name] = fields[name] and UUID(fields[name])
    if "sealed" in fields:
        fields["sealed"] = Sealed(**fields["sealed"])
    return CommitEvent(**fields)
