"""What an event or a state says stands where it is kept, and not in a default that may be another tomorrow."""

from __future__ import annotations

import enum
import keyword
import re
import types
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.aggregates import Aggregate
from eventstore.events import NewEvent
from eventstore.registry import Event, Registry
from eventstore.repository import AggregateRepository
from eventstore.snapshots.states import decoded, encoded
from eventstore.testing.memory import MemoryEventStore
from tests.unit.test_reserved_names import _source_names

FIELDS = st.sampled_from(
    [name for name in _source_names() if not name.startswith("__")]
) | st.from_regex(r"[A-Za-z_][A-Za-z0-9]{0,8}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and not name.startswith("__")
)


class Level(enum.Enum):
    """How urgent."""

    LOW = "low"
    HIGH = "high"


class Line(msgspec.Struct):
    """Within an event; it leaves out nothing."""

    amount: int = 1
    unit: str | None = None


class Raised(Event, frozen=True, kw_only=True):
    """Defaults of every kind."""

    reason: str = "manual"
    level: Level = Level.LOW
    days: int = 0
    is_open: bool = False
    tags: list[str] = []
    marks: dict[str, int] = msgspec.field(default_factory=lambda: {"a": 1})
    line: Line = msgspec.field(default_factory=Line)
    note: str | None = None
    gone: str | msgspec.UnsetType = msgspec.UNSET
    wide: int = msgspec.field(default=7, name="Wide")


class RaisedLater(Event, frozen=True, kw_only=True):
    """The same class in a later release: every default is another."""

    reason: str = "overdue"
    level: Level = Level.HIGH
    days: int = 30
    is_open: bool = True
    tags: list[str] = msgspec.field(default_factory=lambda: ["late"])
    marks: dict[str, int] = {}
    line: Line = msgspec.field(default_factory=lambda: Line(amount=9, unit="kg"))
    note: str | None = None
    gone: str | msgspec.UnsetType = msgspec.UNSET
    wide: int = msgspec.field(default=8, name="Wide")


def registry_of(struct: Any, name: str = "Raised") -> Registry:
    """Of one type of events."""
    registry = Registry()
    registry.stream_type("case", number=1)
    registry.event_type(struct, stream_type="case", subject=None, name=name)
    return registry


@pytest.mark.parametrize(
    "proposed",
    [
        NewEvent(Raised()),
        NewEvent({}, type="Raised"),
        NewEvent({"tags": [], "days": 0, "note": None}, type="Raised"),
    ],
)
def test_a_default_is_what_it_was_when_the_class_says_another(
    proposed: NewEvent,
) -> None:
    then, now = registry_of(Raised), registry_of(RaisedLater)
    store = MemoryEventStore(then)
    store.append("case.1", [proposed], "any")

    [recorded] = store.read("case.1")

    assert recorded.data == {
        "reason": "manual",
        "level": "low",
        "days": 0,
        "is_open": False,
        "tags": [],
        "marks": {"a": 1},
        "line": {"amount": 1, "unit": None},
        "Wide": 7,
    }
    assert list(recorded.data) == [
        field.encode_name
        for field in msgspec.structs.fields(Raised)
        if field.name not in ("note", "gone")
    ]
    assert then.event_of(recorded) == Raised()
    assert msgspec.to_builtins(now.event_of(recorded)) == recorded.data


def test_what_is_absent_is_left_out_as_it_always_was() -> None:
    class Noted(Event, frozen=True, kw_only=True):
        """One that may be absent."""

        text: str
        note: str | None = None

    store = MemoryEventStore(registry_of(Noted, "Noted"))
    store.append("case.1", [NewEvent(Noted(text="x"))], "any")

    [recorded] = store.read("case.1")

    assert recorded.data == {"text": "x"}


class Omitting(msgspec.Struct, omit_defaults=True):
    """Leaves out a default that is a value."""

    amount: int = 1


class OmittingNone(msgspec.Struct, omit_defaults=True):
    """Leaves out what is absent, and nothing else."""

    amount: int | None = None


class Tree(msgspec.Struct, omit_defaults=True):
    """Holds itself."""

    below: list[Tree] = []


@pytest.mark.parametrize(
    "hint",
    [
        Omitting,
        Omitting | None,
        list[Omitting],
        dict[str, tuple[Omitting, ...]],
        Annotated[list[Omitting], msgspec.Meta(max_length=3)],
        Tree,
    ],
)
def test_a_default_that_is_left_out_deeper_down_is_refused_with_what_to_do(
    hint: Any,
) -> None:
    made = msgspec.defstruct("Held", [("held", hint)], bases=(Event,), frozen=True)

    with pytest.raises(ValueError, match=r"event type Held: .*omit_defaults.*None"):
        registry_of(made, "Held")


def test_what_leaves_out_only_what_is_absent_is_registered() -> None:
    made = msgspec.defstruct("Held", [("held", OmittingNone)], bases=(Event,))

    registry_of(made, "Held")


def test_an_event_without_names_is_refused() -> None:
    class Listed(Event, array_like=True, frozen=True, kw_only=True):
        """A list in JSON."""

        text: str

    with pytest.raises(ValueError, match="array_like"):
        registry_of(Listed)


# ---- states


def counter_of(state: type[msgspec.Struct]) -> type[Aggregate[Any]]:
    """A class of aggregates with this state."""

    def apply(self: Any, event: object) -> None: ...

    body = {"stream_type": "case", "state_type": state, "apply": apply}
    return type("Counter", (Aggregate,), body)


def test_a_state_that_leaves_out_a_default_is_refused() -> None:
    made = msgspec.defstruct("Held", [("held", list[Omitting], [])])

    with pytest.raises(TypeError, match=r"state of Counter: Omitting .*omit_defaults"):
        AggregateRepository(counter_of(made), MemoryEventStore(registry_of(Raised)))


# ---- names


def noted_with(field: str) -> type[Event]:
    """An event with one field of this name."""
    body = {"__annotations__": {field: str}, "__module__": __name__}
    return types.new_class(
        "Noted", (Event,), {"frozen": True}, lambda ns: ns.update(body)
    )


@given(FIELDS)
def test_an_event_may_have_a_field_of_any_name(field: str) -> None:
    struct = noted_with(field)
    registry = registry_of(struct, "Noted")
    store = MemoryEventStore(registry)

    store.append("case.1", [NewEvent(struct(**{field: "x"}))], "any")
    store.append("case.1", [NewEvent({field: "x"}, type="Noted")], "any")

    for recorded in store.read("case.1"):
        assert recorded.data == {field: "x"}
        assert registry.event_of(recorded) == struct(**{field: "x"})
    assert registry.json_schema()["events"].keys() == {"Noted"}


@given(FIELDS)
def test_a_state_may_have_a_field_of_any_name(field: str) -> None:
    state = msgspec.defstruct("Kept", [(field, str, "")])
    AggregateRepository(counter_of(state), MemoryEventStore(registry_of(Raised)))
    one = state(**{field: "x"})

    assert decoded(encoded("Kept", one), state) == one
    assert getattr(one, field) == "x"


@pytest.mark.parametrize("field", ["__hash__", "__eq__", "__repr__", "__reduce__"])
def test_a_field_that_python_would_take_for_a_method_is_refused(field: str) -> None:
    named = re.escape(field)
    with pytest.raises(ValueError, match=rf"event type Noted: its field {named}"):
        registry_of(noted_with(field), "Noted")
    state = msgspec.defstruct("Kept", [(field, str, "")])
    with pytest.raises(TypeError, match=rf"state of Counter: its field {named}"):
        AggregateRepository(counter_of(state), MemoryEventStore(registry_of(Raised)))
