"""A record of the real-time stream is a CloudEvent, and holds nothing that its type calls sensitive, or that nobody knows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    NamedTuple,
    TypedDict,
    TypeVar,
)
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import (
    MAX_COMMIT_BYTES,
    CommitEvent,
    EventMetadata,
    Position,
    RecordedEvent,
    Sealed,
)
from eventstore.exchange.cloudevents import BadLine, parse_line
from eventstore.publishing.openness import openness
from eventstore.publishing.record import published
from eventstore.registry import SENSITIVE, Event, Registry, sensitive_fields
from eventstore.testing.shop import shop
from teddy_es.domain.types import registry as teddy
from teddy_es.domain.violations import SafetyViolationDetected
from tests.guards.sources import ROOT
from tests.strategies import GATE, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT_ID = UUID("7f1d3a52-5b1f-4c55-9a11-0a6c6a4b1c01")
COMMIT_ID = UUID("0b0b8f3e-7c0f-4f1b-8a49-8d2f4b0c6d02")
CORRELATION_ID = UUID("93a0ba55-32a1-4f15-8f7d-9a4d9f7f4e03")
SEALED = Sealed("6a7cf1f8-5b9c-4b3e-9d5b-0c1f0a4f7a04", "bm9uY2Vub25jZW4=", "Ym94")
PRIVATE = "Zyzzyva-7141"


def recorded(
    data: Mapping[str, Any],
    types: Registry,
    *,
    type_: str = "OrderPlaced",
    **given: Any,
) -> RecordedEvent:
    """An event as the mirror gives it, judged by these types."""
    event = RecordedEvent(
        EventMetadata(
            event_id=EVENT_ID,
            stream_id="order.order-1",
            event_type=type_,
            version=4,
            timestamp=datetime(2018, 5, 2, 19, 38, 15, 123456, tzinfo=UTC),
            correlation_id=CORRELATION_ID,
            causation_id=None,
        ),
        data,
        1,
        Position("eventstore.order", 3, 4711, 0),
        datetime(2018, 5, 2, 19, 38, 16, 5000, tzinfo=UTC),
        COMMIT_ID,
    )
    event = msgspec.structs.replace(event, **given)
    written = CommitEvent(
        *(EVENT_ID, type_, event.schema, "", None, None), event.data, event.sealed
    )
    return msgspec.structs.replace(event, problem=types.problem_of("order", written))


def told(event: RecordedEvent, types: Registry) -> dict[str, Any]:
    """What a consumer reads. Fails for what is no CloudEvent in JSON."""
    found = json.loads(published(event, types, source="/shop"))
    assert isinstance(found, dict)
    refuse_what_is_no_cloudevent(found)
    return found


def refuse_what_is_no_cloudevent(found: dict[str, Any]) -> None:
    """The rules of CloudEvents 1.0 and of its JSON format."""
    attributes = {name: found[name] for name in found.keys() - {"data"}}
    assert attributes["specversion"] == "1.0"
    for name in ("id", "source", "type", "subject"):
        assert isinstance(attributes[name], str)
        assert attributes[name]
    for name, value in attributes.items():
        assert re.fullmatch(r"[a-z0-9]{1,20}", name)
        assert isinstance(value, str | int)
        assert not isinstance(value, int) or -(2**31) <= value < 2**31
        assert value != ""
    for name in ("time", "recordedtime"):
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", attributes[name]
        )
    assert ("data" in found) == (found.get("datacontenttype") == "application/json")
    assert not {"data_base64"} & found.keys()


def test_an_event_is_told_with_the_attributes_of_an_export() -> None:
    types = shop()

    found = published(
        recorded({"customer_id": "customer-1"}, types), types, source="/shop"
    )

    assert found == (
        b'{"specversion":"1.0","id":"7f1d3a52-5b1f-4c55-9a11-0a6c6a4b1c01","source":"/shop","type":"OrderPlaced",'
        b'"subject":"order.order-1","time":"2018-05-02T19:38:15.123456Z","datacontenttype":"application/json",'
        b'"correlationid":"93a0ba55-32a1-4f15-8f7d-9a4d9f7f4e03","commitid":"0b0b8f3e-7c0f-4f1b-8a49-8d2f4b0c6d02",'
        b'"schemaversion":1,"streamversion":4,"recordedtime":"2018-05-02T19:38:16.005000Z",'
        b'"logposition":"eventstore.order/3/4711/0","withheld":"remark","data":{"customer_id":"customer-1"}}'
    )


def test_what_is_withheld_is_told_whether_the_event_has_it_or_not() -> None:
    types = shop()

    without = told(recorded({"customer_id": "customer-1"}, types), types)
    harmless = told(recorded({"quantity": 2}, types, type_="OrderChanged"), types)

    assert without["withheld"] == "remark"
    assert harmless["data"] == {"quantity": 2}
    assert "withheld" not in harmless


@pytest.mark.parametrize(
    ("type_", "schema", "data", "problem"),
    [
        ("OrderEaten", 1, {"by": PRIVATE}, "unknown_type"),
        ("OrderPlaced", 2, {"customer_id": PRIVATE}, "unknown_schema"),
        ("OrderPlaced", 1, {"customer_id": [PRIVATE]}, "ill_typed"),
        ("OrderPlaced", 1, {"customer_id": "a", "more": PRIVATE}, "ill_typed"),
    ],
)
def test_an_event_that_nobody_can_read_is_told_without_data(
    type_: str, schema: int, data: dict[str, Any], problem: str
) -> None:
    types = shop()

    found = told(recorded(data, types, type_=type_, schema=schema), types)

    assert (found["type"], found["streamversion"]) == (type_, 4)
    assert found["schemaversion"] == schema
    assert found["problem"] == problem
    assert "data" not in found
    assert PRIVATE not in str(found)


def test_of_a_sealed_event_only_the_clear_part_is_told() -> None:
    types = shop()

    found = told(recorded({"customer_id": "customer-1"}, types, sealed=SEALED), types)

    assert found["data"] == {"customer_id": "customer-1"}
    assert found["withheld"] == "remark"


def test_its_box_rides_along() -> None:
    types = shop()

    found = told(recorded({"customer_id": "customer-1"}, types, sealed=SEALED), types)
    without = told(recorded({"customer_id": "customer-1"}, types), types)

    box = {name: found.pop(name) for name in ("sealedkey", "sealednonce", "sealedbox")}
    assert box == {
        "sealedkey": SEALED.key,
        "sealednonce": SEALED.nonce,
        "sealedbox": SEALED.box,
    }
    assert found == without


def test_of_what_nobody_can_read_no_box_is_told() -> None:
    types = shop()

    found = told(recorded({}, types, type_="OrderEaten", sealed=SEALED), types)

    assert found["problem"] == "unknown_type"
    assert not any(name.startswith("sealed") for name in found)


@pytest.mark.parametrize(("beyond", "has_box"), [(0, True), (1, False)])
def test_a_box_rides_along_only_where_there_is_room(
    beyond: int, *, has_box: bool
) -> None:
    types = shop()
    small = recorded({"customer_id": "c"}, types, sealed=SEALED)
    room = MAX_COMMIT_BYTES - len(published(small, types, source="/shop"))
    large = Sealed(SEALED.key, SEALED.nonce, SEALED.box + "A" * (room + beyond))

    found = told(recorded({"customer_id": "c"}, types, sealed=large), types)

    assert ("sealedbox" in found) is has_box
    assert found["data"] == {"customer_id": "c"}
    assert "problem" not in found


def test_an_import_refuses_what_carries_a_box() -> None:
    types = shop()
    line = published(
        recorded({"customer_id": "c"}, types, sealed=SEALED), types, source="/s"
    )
    without_names = line.replace(b'"withheld":"remark",', b"")

    with pytest.raises(BadLine, match="left out"):
        parse_line(without_names)


@pytest.mark.parametrize(
    "clear",
    [
        {"customer_id": "customer-1", "more": PRIVATE},
        {"customer_id": [PRIVATE]},
        {},
    ],
)
def test_a_sealed_event_whose_clear_part_does_not_fit_is_told_without_data(
    clear: dict[str, Any],
) -> None:
    types = shop()

    found = told(recorded(clear, types, sealed=SEALED), types)

    assert found["problem"] == "ill_typed"
    assert "data" not in found
    assert PRIVATE not in str(found)


@pytest.mark.parametrize("sealed", [None, SEALED])
def test_what_another_writer_left_in_the_clear_is_told_of_without_data(
    sealed: Sealed | None,
) -> None:
    types = shop()
    clear = {"customer_id": "customer-1", "remark": PRIVATE}

    found = told(recorded(clear, types, sealed=sealed), types)

    assert found["problem"] == "sensitive_in_the_clear"
    assert "data" not in found
    assert PRIVATE not in str(found)


# ---- schemas that change


class Renamed(Event, frozen=True, kw_only=True):
    """Its second schema calls `note` a remark."""

    customer_id: str
    remark: Annotated[str, SENSITIVE] | None = None


def renamed() -> Registry:
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(Renamed, stream_type="order", subject=None, schema=2)
    types.upcaster(
        "Renamed",
        from_schema=1,
        upcast=lambda old: {"customer_id": old["customer_id"], "remark": old["note"]},
    )
    return types


T = TypeVar("T")
Secret = Annotated[str, SENSITIVE]


class Named(NamedTuple):
    """With a sensitive field, as all of these."""

    who: Secret


class Typed(TypedDict):
    """See above."""

    who: Secret


@dataclass
class Data:
    """See above."""

    who: Secret


class Heir(Data):
    """Has it from its base."""


class Either(msgspec.Struct, Generic[T]):
    """See above."""

    who: Secret
    other: T


@pytest.mark.parametrize("hint", [Named, Typed, Data, Heir, Either[int]])
@pytest.mark.parametrize("listed", [False, True])
def test_what_holds_something_sensitive_is_withheld_whatever_it_is(
    hint: Any, *, listed: bool
) -> None:
    struct = msgspec.defstruct(
        "Met", [("place", str), ("people", list[hint | None] if listed else hint)]
    )
    known: Any = SimpleNamespace(
        struct=struct, sensitive=sensitive_fields(struct), name="Met"
    )

    assert openness.__wrapped__(known).withheld == ("people",)


def test_an_old_event_is_told_in_the_schema_of_today() -> None:
    types = renamed()
    old = recorded({"customer_id": "a", "note": PRIVATE}, types, type_="Renamed")

    found = told(old, types)

    assert (found["schemaversion"], found["data"]) == (2, {"customer_id": "a"})
    assert PRIVATE not in str(found)


def test_a_sealed_event_of_an_earlier_schema_is_told_without_data() -> None:
    types = renamed()
    old = recorded(
        {"customer_id": "a", "note": PRIVATE}, types, type_="Renamed", sealed=SEALED
    )

    found = told(old, types)

    assert (found["schemaversion"], found["problem"]) == (
        1,
        "sealed_in_an_earlier_schema",
    )
    assert "data" not in found


# ---- sizes


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        ({"customer_id": "x" * (MAX_COMMIT_BYTES - 300)}, "OrderPlaced"),
        ({"numbers": [1e15] * 100_000}, "Measured"),  # 4 bytes each in the log, 18 here
    ],
)
def test_an_event_that_does_not_fit_a_record_is_told_without_data(
    data: dict[str, Any], type_: str
) -> None:
    class Measured(Event, frozen=True, kw_only=True):
        numbers: list[float]

    types = shop()
    types.event_type(Measured, stream_type="order", subject=None)

    found = told(recorded(data, types, type_=type_), types)

    assert found["problem"] == "too_large"
    assert "data" not in found


def test_no_record_is_longer_than_a_log_takes() -> None:
    types = shop()
    overhead = len(
        published(recorded({"customer_id": ""}, types), types, source="/shop")
    )

    fits = recorded({"customer_id": "x" * (MAX_COMMIT_BYTES - overhead)}, types)
    over = recorded({"customer_id": "x" * (MAX_COMMIT_BYTES - overhead + 1)}, types)

    assert len(published(fits, types, source="/shop")) == MAX_COMMIT_BYTES
    assert len(published(over, types, source="/shop")) < 1_000


# ---- nothing sensitive leaves, whatever the class looks like


class Inner(msgspec.Struct, frozen=True):
    """A struct with a secret, within others."""

    open_: str = msgspec.field(default="", name="open")
    secret: Annotated[str, SENSITIVE] = ""
    next_: Inner | None = msgspec.field(default=None, name="next")


class Shape(NamedTuple):
    """A field's type, and a value of it that holds a text."""

    hint: Any
    value: Any
    is_sensitive: bool


def shapes(text: str) -> st.SearchStrategy[Shape]:
    """Fields of every kind that can hold a text, sensitive or not."""
    plain = st.sampled_from(
        [
            (str, text),
            (list[str], [text]),
            (dict[str, str], {text: text}),
            (str | None, text),
        ]
    )
    secret = plain.map(lambda one: Shape(Annotated[one[0], SENSITIVE], one[1], True))  # noqa: FBT003
    deep = st.sampled_from(
        [
            (list[Annotated[str, SENSITIVE]], [text]),
            (Annotated[str, SENSITIVE] | None, text),
            (dict[str, list[Annotated[str, SENSITIVE]]], {"a": [text]}),
            (Inner, {"secret": text}),
            (Inner | None, {"next": {"next": {"secret": text}}}),
            (list[Inner], [{"open": text}]),
        ]
    ).map(lambda one: Shape(one[0], one[1], True))  # noqa: FBT003
    harmless = st.sampled_from(
        [(str, "open"), (list[int], [1]), (dict[str, str], {"a": "b"})]
    ).map(lambda one: Shape(one[0], one[1], False))  # noqa: FBT003
    return st.one_of(secret, deep, harmless)


@GATE
@given(
    fields=st.dictionaries(
        st.from_regex(r"[a-z]{1,5}_[a-z]{1,5}", fullmatch=True),
        shapes(PRIVATE),
        min_size=1,
        max_size=5,
    ),
    rename=st.sampled_from([None, "camel", "upper"]),
    sealed=st.booleans(),
    more=st.dictionaries(texts, st.just(PRIVATE), max_size=1),
    schema=st.integers(1, 2),
)
def test_no_sensitive_value_ever_leaves(
    fields: dict[str, Shape],
    rename: Any,
    sealed: bool,  # noqa: FBT001
    more: dict[str, str],
    schema: int,
) -> None:
    struct: Any = msgspec.defstruct(
        "Anything",
        [(name, shape.hint) for name, shape in fields.items()],
        bases=(Event,),
        frozen=True,
        kw_only=True,
        rename=rename,
    )
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(struct, stream_type="order", subject=None)
    named = dict(
        zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    )
    data = {named[name]: shape.value for name, shape in fields.items()} | more

    event = recorded(
        data,
        types,
        type_="Anything",
        schema=schema,
        sealed=SEALED if sealed else None,
    )
    value = published(event, types, source="/shop")

    assert PRIVATE.encode() not in value
    found = told(event, types)
    if "data" in found:
        assert found["data"] == {
            named[name]: shape.value
            for name, shape in fields.items()
            if not shape.is_sensitive
        }


def test_a_record_with_fields_left_out_is_not_imported() -> None:
    types = shop()
    line = published(recorded({"customer_id": "a"}, types), types, source="/shop")

    with pytest.raises(BadLine, match="real-time stream"):
        parse_line(line)


# ---- the page that tells consumers


def test_the_page_shows_a_record_as_it_is_published() -> None:
    page = (ROOT / "docs" / "guide" / "REAL_TIME_STREAM.md").read_text("utf-8")
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found is not None
    shown = json.loads(found[1])
    metadata = EventMetadata(
        event_id=EVENT_ID,
        stream_id="child.child-123",
        event_type="SafetyViolationDetected",
        version=4,
        timestamp=datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC),
        correlation_id=CORRELATION_ID,
        causation_id=None,
    )
    event = RecordedEvent(
        metadata,
        shown["data"] | {"excerpt": PRIVATE},
        1,
        Position("eventstore.child", 3, 4711, 0),
        datetime(2026, 11, 23, 9, 0, 0, 131000, tzinfo=UTC),
        COMMIT_ID,
    )

    made = published(event, teddy, source="/teddy")

    assert isinstance(teddy.event_of(event), SafetyViolationDetected)
    assert list(json.loads(made).items()) == list(shown.items())
