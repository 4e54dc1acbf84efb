"""The registry: what it takes, what it lets through the door, and what it says of events that others wrote."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from eventstore.errors import InvalidEvent, InvalidStreamId
from eventstore.events import Sealed
from eventstore.registry import SENSITIVE, Event, Registry, sensitive_fields
from tests.unit.records import an_event

Remark = Annotated[str, SENSITIVE]
BOX = Sealed("k", "n", "b")


class OrderPlaced(Event, frozen=True, kw_only=True):
    """An event with each kind of field."""

    order_id: str
    channel: Literal["web", "phone"] | None = None
    remark: Remark | None = None
    gifts: list[Annotated[str, SENSITIVE]] | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None


class OrderShipped(Event, frozen=True, kw_only=True):
    """An event without sensitive fields."""

    order_id: str


@pytest.fixture
def registry() -> Registry:
    """Orders, as a domain would register them."""
    registry = Registry()
    registry.stream_type("order", number=1, takes_id=lambda own: own != "refused")
    registry.stream_type("basket", number=2)
    registry.event_type(OrderPlaced, stream_type="order", subject="order_id")
    registry.event_type(OrderShipped, stream_type="order", name="OrderSent", schema=2)
    return registry


# ---- filling it


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("order", 9),
        ("other", 1),
        ("other", 0),
        ("other", 64),
        ("Other", 9),
        ("", 9),
        ("o" * 64, 9),
        ("o-o", 9),
    ],
)
def test_a_stream_type_takes_a_free_name_and_a_free_number(
    registry: Registry, name: str, number: int
) -> None:
    with pytest.raises(ValueError, match="stream type"):
        registry.stream_type(name, number=number)


@pytest.mark.parametrize(
    ("name", "stream_type", "subject"),
    [
        ("OrderPlaced", "order", ""),
        ("Other", "nothing", ""),
        ("Ot.her", "order", ""),
        ("O" * 128, "order", ""),
        ("Other", "order", "no_such_field"),
    ],
    ids=["name taken", "no stream type", "name no record holds", "too long", "subject"],
)
def test_an_event_type_takes_a_free_name_a_known_stream_type_and_a_field_as_subject(
    registry: Registry, name: str, stream_type: str, subject: str
) -> None:
    with pytest.raises(ValueError, match="event type"):
        registry.event_type(
            OrderShipped, stream_type=stream_type, name=name, subject=subject
        )


def test_sensitive_fields_are_found_inside_of_unions_and_lists() -> None:
    assert sensitive_fields(OrderPlaced) == {"remark", "gifts"}
    assert sensitive_fields(OrderShipped) == frozenset()


# ---- stream ids


@pytest.mark.parametrize("stream_id", ["order", "", "child.1", ".1", "order.refused"])
def test_a_stream_id_needs_a_registered_type_that_takes_it(
    registry: Registry, stream_id: str
) -> None:
    with pytest.raises(InvalidStreamId):
        registry.stream_type_of(stream_id)


def test_a_stream_type_knows_its_topic(registry: Registry) -> None:
    assert registry.stream_type_of("order.a.b").topic == "eventstore.order"


# ---- the door


def test_absent_fields_are_left_out(registry: Registry) -> None:
    _, data = registry.admit(
        "order", "OrderPlaced", None, {"order_id": "1", "remark": None}
    )

    assert data == {"order_id": "1"}


def test_a_type_has_the_name_it_was_given_and_not_its_class(registry: Registry) -> None:
    assert registry.type_of(OrderShipped(order_id="1")).name == "OrderSent"


@pytest.mark.parametrize(
    ("stream_type", "name", "schema", "data"),
    [
        ("order", "Unknown", None, {}),
        ("basket", "OrderPlaced", None, {"order_id": "1"}),
        ("order", "OrderSent", 1, {"order_id": "1"}),
        ("order", "OrderPlaced", None, {}),
        ("order", "OrderPlaced", None, {"order_id": 1}),
        ("order", "OrderPlaced", None, {"order_id": "1", "other": 1}),
        ("order", "OrderPlaced", None, {"order_id": "1", "channel": "secret"}),
        ("order", "OrderPlaced", None, {"order_id": "1", "count": 0}),
        ("order", "OrderPlaced", None, {"order_id": "1", "gifts": ["secret", 1]}),
        ("order", "OrderPlaced", None, []),
    ],
    ids=[
        "unknown type",
        "wrong stream type",
        "wrong schema",
        "missing field",
        "ill-typed field",
        "unknown field",
        "value not listed",
        "out of range",
        "ill-typed element",
        "no object",
    ],
)
def test_what_does_not_fit_is_refused_and_no_value_is_quoted(
    registry: Registry, stream_type: str, name: str, schema: int | None, data: Any
) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        registry.admit(stream_type, name, schema, data)

    assert "secret" not in str(refusal.value)


def test_the_refusal_names_the_field(registry: Registry) -> None:
    with pytest.raises(InvalidEvent, match=r"OrderPlaced: .* at `\$\.channel`"):
        registry.admit(
            "order", "OrderPlaced", None, {"order_id": "1", "channel": "pigeon"}
        )


def test_an_unregistered_class_is_refused(registry: Registry) -> None:
    with pytest.raises(InvalidEvent, match="str is not a registered event"):
        registry.type_of("OrderPlaced")


# ---- what others wrote


@pytest.mark.parametrize(
    ("stream_type", "event", "problem"),
    [
        ("order", an_event(data={"order_id": "1"}), None),
        ("order", an_event(type="Unknown"), "unknown_type"),
        ("basket", an_event(), "wrong_stream_type"),
        ("order", an_event(schema=2), "unknown_schema"),
        ("order", an_event(data={"order_id": 1}), "ill_typed"),
        ("order", an_event(data={}), "ill_typed"),
        ("order", an_event(data={"order_id": "1"}, sealed=BOX), None),
        ("order", an_event(data={}, sealed=BOX), "ill_typed"),
        (
            "order",
            an_event(data={"order_id": "1"}, sealed=BOX, schema=2),
            "unknown_schema",
        ),
        (
            "order",
            an_event(data={"order_id": "1", "remark": "secret"}),
            "sensitive_in_the_clear",
        ),
        (
            "order",
            an_event(data={"order_id": "1", "remark": "secret"}, sealed=BOX),
            "sensitive_in_the_clear",
        ),
    ],
    ids=[
        "fits",
        "type",
        "stream type",
        "schema",
        "field",
        "missing",
        "sealed",
        "sealed, and half of it is missing",
        "sealed in an unknown schema",
        "in the clear",
        "in the clear beside a box",
    ],
)
def test_a_fact_that_the_types_cannot_read_is_named_by_a_word(
    registry: Registry, stream_type: str, event: Any, problem: str | None
) -> None:
    assert registry.problem_of(stream_type, event) == problem


def test_the_json_schema_names_every_event_and_resolves(registry: Registry) -> None:
    schema = registry.json_schema()

    assert list(schema["events"]) == ["OrderPlaced", "OrderSent"]
    for event in schema["events"].values():
        name = event["$ref"].removeprefix("#/$defs/")
        assert schema["$defs"][name]["additionalProperties"] is False
