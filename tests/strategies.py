"""What hypothesis makes records of: valid ones, mutated ones, and logs in which ids collide all the time."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from teddy_es.faults.naive import Record

GATE = settings(
    max_examples=200,
    deadline=None,  # a slow machine is no bug
    derandomize=True,  # the gate gives the same answer twice; to explore, take this line out and raise the number
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

PARTITIONS = 2
HOME_STREAMS = ("order.2", "order.3")  # both live in partition 0 of 2
FOREIGN_STREAMS = (
    "order.1",
    "basket.1",
)  # the one in partition 1, the other in another topic

texts = st.text(max_size=8)
numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)
few_ids = st.integers(1, 16).map(lambda n: f"00000000-0000-0000-0000-{n:012x}")
uuids = st.uuids().map(str)
instants = st.datetimes().map(lambda t: f"{t.isoformat(timespec='microseconds')}Z")
base64s = st.binary(max_size=24).map(lambda b: b64encode(b).decode())
sealed = st.fixed_dictionaries(
    {
        "key": uuids,
        "nonce": st.binary(min_size=12, max_size=12).map(
            lambda b: b64encode(b).decode()
        ),
        "box": base64s,
    }
)
expectations = st.one_of(
    st.integers(0, 4),
    st.sampled_from(["any", "no_stream", "stream_exists"]),
    st.just("any"),
)


def events(ids: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """One event as the record writes it."""
    return st.fixed_dictionaries(
        {
            "event_id": ids,
            "type": st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,126}", fullmatch=True),
            "schema": st.integers(0, 2**53),
            "occurred_at": instants,
            "correlation_id": st.none() | uuids,
            "causation_id": st.none() | uuids,
            "data": st.dictionaries(texts, json_values, max_size=3),
        },
        optional={"sealed": sealed},
    )


commits: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "v": st.integers(0, 2**53),
        "commit_id": uuids,
        "stream_id": st.from_regex(
            r"[a-z][a-z0-9_]{0,62}\.[A-Za-z0-9_.:-]{1,128}", fullmatch=True
        ),
        "expected": st.integers(0, 2**53)
        | st.sampled_from(["any", "no_stream", "stream_exists"]),
        "events": st.lists(
            events(uuids), min_size=1, max_size=3, unique_by=lambda e: e["event_id"]
        ),
    }
)

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 1.0, 4.5, 2**53, 2**53 + 1, -(2**53) - 1, 2**64, float("nan"), float("inf"),
    "", "a", "any", "\0", "\ud800", "\ude00", "\ufeff", "A" * 127, "A" * 128, "2026-02-29T00:00:00.000000Z",
    "2024-02-29T00:00:00.000000Z", "2026-11-23T24:00:00.000000Z", "order.1\n", "AA==", "AB==", [], [[]], {}, {"": 0},
)  # fmt: skip


@st.composite
def mutated_records(draw: st.DrawFn) -> tuple[bytes | None, bytes]:
    """A valid record of which values, names or bytes were changed, a few or none."""
    record = draw(commits)
    key: bytes | None = record["stream_id"].encode()
    for _ in range(draw(st.integers(0, 2))):
        _change_a_value(draw, record)
    if draw(st.integers(0, 9)) == 0:
        key = draw(st.none() | st.binary(max_size=8))
    ascii_only = draw(st.booleans())
    # without blanks, as our own encoder writes: such records take the quick way
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    text = json.dumps(record, ensure_ascii=ascii_only, separators=separators)
    value = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        _change_bytes(draw, value)
    return key, bytes(value)


def _change_a_value(draw: st.DrawFn, record: dict[str, Any]) -> None:
    """Put something odd in one place, or take it out."""
    node: Any = record
    while True:
        places = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not places:
            return
        place = draw(st.sampled_from(places))
        inner = node[place]
        if not (isinstance(inner, dict | list) and inner) or draw(st.booleans()):
            break
        node = inner
    what = draw(st.sampled_from(["replace", "remove", "add"]))
    odd = deepcopy(draw(st.sampled_from(ODD)))  # a later change may alter it
    if what == "replace":
        node[place] = odd
    elif what == "remove":
        del node[place]
    elif isinstance(node, dict):
        node[draw(texts)] = odd
    else:
        node.append(odd)


TOKENS = (
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b" ", b"\n", b"\x0b", b"0", b"-", b".", b"e5",
    b"1e400", b"NaN", b"-Infinity", b"true", b"\\u0000", b"\\ud83d", b"\\ude00", b"\\ud83d\\ude00", b"\xed\xa0\xbd", b"\xc0\xaf",
    b'"v":1,', b'"\\u0076":1,', b'{"a":1,"\\u0061":2}', b"[" * 70, b"/**/", b"=", b"9007199254740993",
)  # fmt: skip


def _change_bytes(draw: st.DrawFn, value: bytearray) -> None:
    """Put a token in the place of up to three bytes."""
    start = draw(st.integers(0, len(value)))
    length = draw(st.integers(0, 3))
    value[start : start + length] = draw(st.sampled_from(TOKENS))


json_like_bytes = st.lists(
    st.sampled_from(TOKENS) | st.binary(max_size=3), max_size=12
).map(b"".join)


# ---- logs ------------------------------------------------------------------------------------------------------------


def small_commits(v: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, Any]]:
    """Commits of few streams with few ids, so that every question of the fold is asked often."""
    return st.fixed_dictionaries(
        {
            "v": v,
            "commit_id": few_ids,
            "stream_id": st.sampled_from(HOME_STREAMS * 5 + FOREIGN_STREAMS),
            "expected": expectations,
            "events": small_events,
        }
    )


small_events: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    few_ids, min_size=1, max_size=3, unique=True
).map(
    lambda ids: [
        {
            "event_id": event_id,
            "type": "OrderPlaced",
            "schema": 1,
            "occurred_at": "2026-11-23T09:00:00.123456Z",
            "correlation_id": None,
            "causation_id": None,
            "data": {},
        }
        for event_id in ids
    ]
)


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """The records of partition 0 of 2 of `eventstore.order`, with what goes wrong in a log."""
    versions = st.sampled_from([1] * 12 + [0, 2, 3])
    records: list[Record] = []
    for _ in range(draw(st.integers(0, 20))):
        recorded_at = draw(st.integers(0, 50))
        kind = draw(st.integers(0, 19))
        if kind == 0:
            records.append(Record(recorded_at, None, draw(json_like_bytes)))
        elif kind == 1:
            n = draw(st.integers(1, 4))
            value = json.dumps({"v": 1, "activate": n}).encode()
            records.append(Record(recorded_at, None, value))
        elif kind <= 4 and records:  # a copy: the producer's retry, or a zombie's
            copy = draw(st.sampled_from(records))
            records.append(copy._replace(recorded_at=recorded_at))
        else:
            commit = draw(small_commits(versions))
            value = json.dumps(commit).encode()
            records.append(Record(recorded_at, commit["stream_id"].encode(), value))
    return records
