"""The interchange format: what is written is read again as it was, and what is not exactly right is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import (
    SEALED_AWAY,
    EventMetadata,
    NewEvent,
    Position,
    RecordedEvent,
    Sealed,
)
from eventstore.exchange.cloudevents import (
    COMMIT_NAMESPACE,
    MAX_LINE_BYTES,
    BadLine,
    ImportedEvent,
    export_line,
    parse_line,
    proposal_line,
)

ID = "7f1d3a52-5b1f-4c55-9a11-0a6c6a4b1c01"
COMMIT = "0b0b8f3e-7c0f-4f1b-8a49-8d2f4b0c6d02"
LINE = {
    "specversion": "1.0",
    "id": ID,
    "source": "/shop",
    "type": "OrderPlaced",
    "subject": "order.order-1",
    "time": "2018-05-02T19:38:15Z",
    "datacontenttype": "application/json",
    "data": {"remark": "Hello"},
}


def a_line(**changes: Any) -> bytes:
    """A good line, changed; a change to `...` takes the attribute away."""
    fields = {k: v for k, v in (LINE | changes).items() if v is not ...}
    return json.dumps(fields).encode()


def a_recorded_event(**changes: Any) -> RecordedEvent:
    metadata = EventMetadata(
        event_id=UUID(ID),
        stream_id="order.order-1",
        event_type="OrderPlaced",
        version=4,
        timestamp=datetime(2018, 5, 2, 19, 38, 15, 123456, tzinfo=UTC),
        correlation_id=None,
        causation_id=None,
    )
    fields: dict[str, Any] = {
        "metadata": metadata,
        "data": {"remark": "Hellö"},
        "schema": 1,
        "position": Position("eventstore.order", 3, 4711, 0),
        "recorded_at": datetime(2018, 5, 2, 19, 38, 16, 5000, tzinfo=UTC),
        "commit_id": UUID(COMMIT),
    }
    return RecordedEvent(**fields | changes)


def reason_of(line: bytes) -> str:
    with pytest.raises(BadLine) as bad:
        parse_line(line)
    return bad.value.reason


def test_the_documented_line_is_read() -> None:
    read = parse_line(a_line())

    assert read.stream_id == "order.order-1"
    assert read.event == NewEvent(
        type="OrderPlaced",
        event_id=UUID(ID),
        occurred_at=datetime(2018, 5, 2, 19, 38, 15, tzinfo=UTC),
        data={"remark": "Hello"},
    )


def test_a_line_without_commit_id_gets_one_of_its_event_id() -> None:
    read = parse_line(a_line())

    assert read.commit_id == uuid5(COMMIT_NAMESPACE, ID)
    assert not read.commit_is_given
    assert UUID("6f0b3f0e-57c8-5a0c-9d52-6a7e5f3a8c11") == COMMIT_NAMESPACE


def test_a_line_keeps_the_commit_id_it_has() -> None:
    read = parse_line(a_line(commitid=COMMIT.upper()))

    assert read.commit_id == UUID(COMMIT)
    assert read.commit_is_given


def test_an_exported_line_has_every_attribute_and_is_pinned() -> None:
    assert export_line(a_recorded_event(), source="/shop") == (
        b'{"specversion":"1.0","id":"7f1d3a52-5b1f-4c55-9a11-0a6c6a4b1c01","source":"/shop",'
        b'"type":"OrderPlaced","subject":"order.order-1","time":"2018-05-02T19:38:15.123456Z",'
        b'"datacontenttype":"application/json","commitid":"0b0b8f3e-7c0f-4f1b-8a49-8d2f4b0c6d02",'
        b'"schemaversion":1,"streamversion":4,"recordedtime":"2018-05-02T19:38:16.005000Z",'
        b'"logposition":"eventstore.order/3/4711/0","data":{"remark":"Hell\xc3\xb6"}}\n'
    )


def test_sealed_data_is_exported_sealed_and_refused_on_import() -> None:
    sealed = Sealed(key=ID, nonce="AAAAAAAAAAAAAAAA", box="AAAA")

    recorded = a_recorded_event(sealed=sealed, withheld=SEALED_AWAY)
    line = export_line(recorded, source="/shop")

    written = json.loads(line)
    assert written["datacontenttype"] == "application/vnd.teddy.sealed+json"
    assert written["data"] == {
        "clear": {"remark": "Hellö"},
        "sealed": {"key": ID, "nonce": "AAAAAAAAAAAAAAAA", "box": "AAAA"},
    }
    assert "sealed" in reason_of(line)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2018-05-02T19:38:15Z", datetime(2018, 5, 2, 19, 38, 15, tzinfo=UTC)),
        ("2018-05-02t19:38:15z", datetime(2018, 5, 2, 19, 38, 15, tzinfo=UTC)),
        (
            "2018-05-02T21:38:15.5+02:00",
            datetime(2018, 5, 2, 19, 38, 15, 500000, tzinfo=UTC),
        ),
        (
            "2018-05-02T14:08:15.000001-05:30",
            datetime(2018, 5, 2, 19, 38, 15, 1, tzinfo=UTC),
        ),
        (
            "2018-05-02T19:38:15.123456789Z",
            datetime(2018, 5, 2, 19, 38, 15, 123456, tzinfo=UTC),
        ),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_any_offset_is_accepted_and_microseconds_are_kept(
    text: str, instant: datetime
) -> None:
    read = parse_line(a_line(time=text))

    assert read.event.occurred_at == instant
    assert read.event.occurred_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "changes",
    [
        {"correlationid": None, "commitid": None, "datacontenttype": None},
        {"datacontenttype": ...},
        {"datacontenttype": "application/json; charset=utf-8"},
        {"recordedtime": "2018-05-02T19:38:15Z"},
        {"logposition": "eventstore.order/0/0/0", "dataschema": "urn:x"},
    ],
)
def test_what_an_import_does_not_need_is_ignored(changes: dict[str, Any]) -> None:
    assert parse_line(a_line(**changes)) == parse_line(a_line())


def test_what_an_event_has_no_place_for_is_named() -> None:
    read = parse_line(a_line(foreignext="x", another1=5, flag=True))

    assert read.dropped == ("another1", "flag", "foreignext")
    assert replace(read, dropped=()) == parse_line(a_line())


def test_the_version_that_a_line_says_is_read() -> None:
    assert parse_line(a_line(streamversion=3)).version == 3
    assert parse_line(a_line()).version is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"specversion": ...}, "specversion"),
        ({"id": "order-1"}, "id must be a UUID"),
        ({"id": ID.replace("-", "")}, "id must be a UUID"),
        ({"id": 5}, "id must be a UUID"),
        ({"id": ...}, "no id"),
        ({"id": None}, "no id"),
        ({"source": ...}, "no source"),
        ({"source": ""}, "source"),
        ({"type": ...}, "no type"),
        ({"type": "Order Placed"}, "type"),
        ({"subject": ...}, "no subject"),
        ({"subject": "order"}, "subject"),
        ({"subject": "order.\n"}, "subject"),
        ({"time": ...}, "no time"),
        ({"time": None}, "no time"),
        ({"time": "2018-05-02"}, "time must be"),
        ({"time": "2018-05-02T19:38:15"}, "time must be"),
        ({"time": "2018-05-02 19:38:15Z"}, "time must be"),
        ({"time": "2018-02-30T19:38:15Z"}, "time must be"),
        ({"time": "2018-05-02T19:38:60Z"}, "time must be"),
        ({"time": "2018-05-02T19:38:15+24:00"}, "time must be"),
        ({"time": "0001-01-01T00:00:00+01:00"}, "time must be"),
        ({"time": 1525289895}, "time must be"),
        ({"correlationid": "x"}, "correlationid"),
        ({"causationid": 1}, "causationid"),
        ({"commitid": "{" + COMMIT + "}"}, "commitid"),
        ({"schemaversion": "1"}, "schemaversion"),
        ({"schemaversion": True}, "schemaversion"),
        ({"schemaversion": -1}, "schemaversion"),
        ({"streamversion": 1.0}, "streamversion"),
        ({"streamversion": 0}, "streamversion must be 1 or more"),
        ({"problem": "unknown_type"}, "real-time stream"),
        ({"recordedtime": "yesterday"}, "recordedtime"),
        ({"logposition": "nowhere"}, "logposition"),
        ({"logposition": 7}, "logposition"),
        ({"dataschema": 7}, "dataschema"),
        ({"Foreign-Ext": "x"}, "name"),
        ({"data_base64": "AAAA"}, "name"),
        ({"datacontenttype": "text/plain"}, "datacontenttype"),
        ({"datacontenttype": 7}, "datacontenttype"),
        ({"data": ...}, "data must be"),
        ({"data": None}, "data must be"),
        ({"data": ["Hello"]}, "data must be"),
        ({"data": {"n": 10**17}}, "number"),
    ],
)
def test_what_is_not_exactly_right_is_a_bad_line(
    changes: dict[str, Any], reason: str
) -> None:
    assert reason in reason_of(a_line(**changes))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "object"),
        (b'{"id":', "not JSON"),
        (b'\xef\xbb\xbf{"id":1}', "byte order mark"),
        (b'{"id":"\xff"}', "UTF-8"),
        (b'{"id":1,"id":2}', "name twice"),
        (b'{"data":{"a":1,"a":1}}', "name twice"),
        (b'{"data":NaN}', "not JSON"),
        (b'{"data":1e999}', "out of range"),
        (b'{"data":"\\u0000"}', "NUL"),
        (b'{"data":"\\ud800"}', "surrogate"),
        (b'{"data":' + b"[" * 100_000, "nested"),
        (b'{"data":' + b"9" * 5_000 + b"}", "number"),
        (b" " * (MAX_LINE_BYTES + 1), "longer"),
    ],
)
def test_what_is_no_json_object_is_a_bad_line(line: bytes, reason: str) -> None:
    assert reason in reason_of(line)


def test_a_bad_line_still_names_its_commit_where_that_can_be_found() -> None:
    with pytest.raises(BadLine) as torn:
        parse_line(a_line(commitid=COMMIT) + b"}")
    with pytest.raises(BadLine) as timeless:
        parse_line(a_line(commitid=COMMIT, time=...))
    with pytest.raises(BadLine) as unreadable:
        parse_line(b"{")

    assert torn.value.commit_id == timeless.value.commit_id == UUID(COMMIT)
    assert unreadable.value.commit_id is None


@pytest.mark.parametrize("name", LINE)
def test_a_reason_never_quotes_the_line(name: str) -> None:
    assert "top secret" not in reason_of(a_line(**{name: "top secret!"}) + b"}")


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)
instants = st.datetimes(timezones=st.just(UTC))
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)
streams = st.from_regex(r"[a-z][a-z0-9_]{0,9}\.[A-Za-z0-9_.:-]{1,20}", fullmatch=True)


@st.composite
def recorded_events(draw: st.DrawFn) -> RecordedEvent:
    metadata = EventMetadata(
        event_id=draw(st.uuids()),
        stream_id=draw(streams),
        event_type=draw(names),
        version=draw(st.integers(1, 2**31 - 1)),
        timestamp=draw(instants),
        correlation_id=draw(st.none() | st.uuids()),
        causation_id=draw(st.none() | st.uuids()),
    )
    return a_recorded_event(
        metadata=metadata,
        data=draw(st.dictionaries(texts, values)),
        schema=draw(st.integers(0, 2**31 - 1)),
        recorded_at=draw(instants),
        commit_id=draw(st.uuids()),
    )


@given(recorded_events())
def test_what_is_exported_is_imported_as_it_was(recorded: RecordedEvent) -> None:
    line = export_line(recorded, source="/shop")

    read = parse_line(line)

    metadata = recorded.metadata
    assert line.count(b"\n") == 1
    assert read == ImportedEvent(
        metadata.stream_id,
        NewEvent(
            type=metadata.event_type,
            event_id=metadata.event_id,
            occurred_at=metadata.timestamp,
            correlation_id=metadata.correlation_id,
            causation_id=metadata.causation_id,
            schema=recorded.schema,
            data=recorded.data,
        ),
        recorded.commit_id,
        commit_is_given=True,
        version=metadata.version,
    )
    proposal = parse_line(proposal_line(read, source="/shop"))
    assert proposal == replace(read, version=None)
