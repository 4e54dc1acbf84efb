"""What of an event is sealed, for whom; and what can be said of one whose box stays closed."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NewType, TypeVar
from uuid import uuid4

import msgspec
import pytest

from eventstore.appender.admission import Door
from eventstore.appender.closed import ClosedSealer
from eventstore.clock import SystemClock
from eventstore.errors import InvalidEvent
from eventstore.events import SEALED_AWAY, NewEvent, Sealed, Withheld
from eventstore.registry import SENSITIVE, Event, Problem, Registry, sensitive_fields
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from tests.unit.records import an_event

PRIVATE = "Zyzzyva-7141"
BOX = Sealed("6a7cf1f8-5b9c-4b3e-9d5b-0c1f0a4f7a04", "bm9uY2Vub25jZW4=", "Ym94")
Words = Annotated[str, SENSITIVE]
Alias = NewType("Alias", Words)
T = TypeVar("T", bound=Words)


# ---- what stands in its place


def test_what_is_withheld_is_no_text_and_stays_what_it_is() -> None:
    mark: Any = Withheld("erased", datetime(2026, 11, 30, tzinfo=UTC), "r-1")

    assert not isinstance(mark, str)
    assert repr(mark) == str(mark) == "erased on 2026-11-30 under request r-1"
    with pytest.raises(TypeError):
        json.dumps(mark)
    with pytest.raises(TypeError):
        msgspec.json.encode(mark)
    with pytest.raises(TypeError):
        msgspec.to_builtins(mark)
    with pytest.raises(AttributeError):
        mark.reason = "sealed"
    with pytest.raises(ValueError, match="a reason is one of"):
        Withheld("gone")
    assert deepcopy(mark) == pickle.loads(pickle.dumps(mark)) == mark  # noqa: S301
    assert mark != SEALED_AWAY
    assert len({mark, deepcopy(mark), SEALED_AWAY}) == 2


# ---- one answer to what is sensitive


class Renamed(Event, frozen=True, kw_only=True, rename="camel"):
    """Whose fields have other names in data."""

    order_id: str
    free_text: Words | None = None


class Deep(msgspec.Struct):
    """Holds it further down."""

    who: dict[str, list[tuple[int, Words]]]


@dataclass
class Plain:
    """A dataclass around it."""

    deep: Deep | None


class Odd(Event, frozen=True, kw_only=True):
    """Ways in which a type can hide what it is."""

    clear: str
    alias: Alias | None = None
    plain: list[Plain] | None = None


def test_fields_are_named_as_data_has_them() -> None:
    assert sensitive_fields(Renamed) == {"freeText"}


def test_a_field_is_found_at_any_depth_and_behind_any_name() -> None:
    assert sensitive_fields(Odd) == {"alias", "plain"}


def filled(**options: Any) -> Registry:
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(
        Renamed, stream_type="order", name="Renamed", subject="order_id", **options
    )
    return types


def test_a_renamed_field_is_sealed_by_the_name_that_it_has_there() -> None:
    types = filled(retention="talk")
    ring = MemoryKeys()
    door = Door(types, SystemClock(), KeySealer(ring))

    for data in (
        Renamed(order_id="o-1", free_text=PRIVATE),
        {"orderId": "o-1", "freeText": PRIVATE},
    ):
        commit = door.commit("order.s", [NewEvent(data, "Renamed")], "any", uuid4())

        [event] = commit.events
        assert event.data == {"orderId": "o-1"}
        assert event.sealed is not None
    [name] = ring._keys
    assert (name.subject, name.retention_class) == ("o-1", "talk")


@pytest.mark.parametrize("retention", ["", "Talk", "snapshot", "a b", "x" * 64])
def test_a_retention_class_has_a_name_of_its_own(retention: str) -> None:
    with pytest.raises(ValueError, match="retention class"):
        filled(retention=retention)


def test_by_whom_a_key_is_found_is_not_sealed_itself() -> None:
    types = Registry()
    types.stream_type("order", number=1)

    with pytest.raises(ValueError, match="its subject free_text is sensitive"):
        types.event_type(Renamed, stream_type="order", name="R", subject="free_text")


@pytest.mark.parametrize("subject", ["", None])
def test_where_nobody_is_named_the_streams_own_id_is_the_subject(
    subject: str | None,
) -> None:
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(Renamed, stream_type="order", name="R", subject=subject)
    known = types.event_type_named("R")
    assert known is not None

    assert known.subject_of("order.a.b", {"orderId": "x"}) == "a.b"


def test_a_subject_that_is_nobody_is_refused_without_quoting_it() -> None:
    door = Door(filled(), SystemClock(), KeySealer(MemoryKeys()))
    data = {"orderId": "", "freeText": PRIVATE}

    with pytest.raises(InvalidEvent, match="names nobody") as refused:
        door.commit("order.s", [NewEvent(data, "Renamed")], "any", uuid4())

    assert PRIVATE not in str(refused.value)


# ---- facts of an earlier schema


class Now(Event, frozen=True, kw_only=True):
    """Its schema 1 had `title`, free text, and `note`; today `title` is a code, and the text is sensitive."""

    order_id: str
    kind: str
    title: str
    text: Words | None = None


def raised(old: dict[str, Any]) -> dict[str, Any]:
    return {
        "order_id": old["order_id"],
        "kind": old["kind"],
        "title": "none",
        "text": old["title"] + old["note"],
    }


def upcast_from(step: Any) -> Registry:
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(Now, stream_type="order", name="Now", subject="order_id", schema=2)
    types.upcaster("Now", from_schema=1, upcast=step)
    return types


def test_of_an_earlier_schema_nothing_stays_clear_but_what_is_open_today_as_it_was() -> (
    None
):
    door = Door(upcast_from(raised), SystemClock(), KeySealer(MemoryKeys()))
    old = {"order_id": "o-1", "kind": "a", "title": PRIVATE, "note": PRIVATE}

    commit = door.past_commit(
        "order.s", [NewEvent(old, "Now", schema=1)], None, uuid4()
    )

    [event] = commit.events
    assert (event.schema, event.data) == (1, {"order_id": "o-1", "kind": "a"})
    assert event.sealed is not None


# ---- what can be said of a closed one


def test_an_event_whose_box_stays_closed_is_marked_where_it_may_not_be_seen() -> None:
    types = filled()
    event = an_event(type="Renamed", data={"orderId": "o-1"}, sealed=BOX)
    erased = Withheld("erased")

    closed: Any = types.read("order", event)
    gone: Any = types.read("order", event, erased)
    whole = types.read("order", event, {"freeText": PRIVATE})

    assert (closed.order_id, closed.free_text) == ("o-1", SEALED_AWAY)
    assert gone.free_text is erased
    assert whole == Renamed(order_id="o-1", free_text=PRIVATE)


def test_what_is_left_in_the_clear_is_shown_by_the_same_right() -> None:
    types = filled()
    data = {"orderId": "o-1", "freeText": PRIVATE}
    event = an_event(type="Renamed", data=data)

    closed: Any = types.read("order", event)

    assert closed.free_text == SEALED_AWAY
    assert types.read("order", event, {}) == Renamed(order_id="o-1", free_text=PRIVATE)
    assert types.problem_of("order", event) == Problem.SENSITIVE_IN_CLEAR


class Asking(Event, frozen=True, kw_only=True):
    """Asks something of its sensitive field when it is made."""

    order_id: str
    text: Words = ""

    def __post_init__(self) -> None:
        self.text.strip()


def test_a_class_that_cannot_be_made_without_what_is_sealed_says_so() -> None:
    types = Registry()
    types.stream_type("order", number=1)
    types.event_type(Asking, stream_type="order", name="Asking", subject="order_id")
    event = an_event(type="Asking", data={"order_id": "o-1"}, sealed=BOX)

    assert types.read("order", event) is Problem.SEALED
    assert types.problem_of("order", event) is None


@pytest.mark.parametrize(
    "step",
    [
        lambda old: {**old, "kind": old.get("note", "none")},
        lambda old: {**old, "kind": "long" if "note" in old else "short"},
        lambda old: {**old, "kind": old.pop("note", "none")},
        lambda old: {**old, "kind": old.setdefault("note", "none")},
        lambda old: {**old, "kind": old["note"]},
        raised,
    ],
    ids=["get", "in", "pop", "setdefault", "[]", "several"],
)
def test_an_upcaster_is_never_told_that_what_may_be_sealed_is_not_there(
    step: Any,
) -> None:
    clear = {"order_id": "o-1", "kind": "a", "title": "t"}
    event = an_event(type="Now", schema=1, data=clear, sealed=BOX)

    assert upcast_from(step).read("order", event) is Problem.SEALED_EARLIER


def test_one_that_swallows_the_refusal_is_not_believed() -> None:
    def swallowing(old: dict[str, Any]) -> dict[str, Any]:
        try:
            old["kind"] = old["note"]
        except LookupError:
            old["kind"] = "none"
        return old

    clear = {"order_id": "o-1", "kind": "a", "title": "t"}
    event = an_event(type="Now", schema=1, data=clear, sealed=BOX)

    assert upcast_from(swallowing).read("order", event) is Problem.SEALED_EARLIER


def test_an_upcaster_that_needs_the_clear_half_alone_reads_a_closed_event() -> None:
    def step(old: dict[str, Any]) -> dict[str, Any]:
        old["title"] = old.pop("name")
        return old

    clear = {"order_id": "o-1", "kind": "a", "name": "t"}
    event = an_event(type="Now", schema=1, data=clear, sealed=BOX)

    read: Any = upcast_from(step).read("order", event)

    assert (read.title, read.text) == ("t", SEALED_AWAY)
    assert clear == {"order_id": "o-1", "kind": "a", "name": "t"}


def test_what_is_compared_only_is_closed_and_never_written() -> None:
    door = Door(filled(), SystemClock(), ClosedSealer())
    data = {"orderId": "o-1", "freeText": PRIVATE}

    commit = door.commit("order.s", [NewEvent(data, "Renamed")], "any", uuid4())

    assert commit.events[0].data == {"orderId": "o-1"}
    assert commit.events[0].sealed is not None
