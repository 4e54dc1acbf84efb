"""A state goes into a snapshot as it is, or is refused with the place of what does not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import pytest

from eventstore.errors import StateNotStorable, StateWithheld
from eventstore.events import Withheld
from eventstore.snapshots.states import (
    MAX_STATE_BYTES,
    decoded,
    encoded,
    says_the_same,
)


class Line(msgspec.Struct):
    """A part of the state."""

    text: str = ""
    more: Any = None


class State(msgspec.Struct):
    """What the rules need."""

    number: int = 0
    kind: Literal["a", "b"] = "a"
    when: datetime | None = None
    names: set[str] = msgspec.field(default_factory=set)
    lines: dict[str, Line] = msgspec.field(default_factory=dict)
    rest: Any = None


def test_a_state_comes_back_as_it_was() -> None:
    state = State(
        number=7,
        when=datetime(2026, 11, 23, tzinfo=UTC),
        names={"x", "y"},
        lines={"one": Line("first")},
    )

    assert decoded(encoded("Order", state), State) == state


@pytest.mark.parametrize(
    ("state", "path"),
    [
        (State(rest=object()), "$.rest"),
        (State(lines={"Ada": Line(more=[1, object()])}), "$.lines[...].more[...]"),
        (State(number="many"), "$.number"),  # type: ignore[arg-type]
        (State(kind="Ada"), "$.kind"),  # type: ignore[arg-type]
        (State(lines={"Ada": Line(text=3)}), "$.lines[...].text"),  # type: ignore[arg-type]
        (State(rest=(1, 2)), "$.rest"),  # comes back as a list
        (State(rest=datetime(2026, 11, 23, tzinfo=UTC)), "$.rest"),  # and as a text
        (State(rest=float("nan")), "$.rest"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path_and_without_its_value(
    state: State, path: str
) -> None:
    with pytest.raises(StateNotStorable) as refused:
        encoded("Order", state)

    assert refused.value.path == path
    assert "Ada" not in str(refused.value)


def test_a_state_of_which_something_was_withheld_is_told_from_one_of_a_wrong_type() -> (
    None
):
    withheld = State(lines={"Ada": Line(more=[Withheld("erased")])})

    with pytest.raises(StateWithheld) as refused:
        encoded("Order", withheld)

    assert refused.value.path == "$.lines[...].more[...]"
    assert "Ada" not in str(refused.value)
    with pytest.raises(StateNotStorable) as other:
        encoded("Order", State(rest=object()))
    assert not isinstance(other.value, StateWithheld)


def test_a_structure_without_end_is_refused() -> None:
    rest: list[Any] = []
    rest.append(rest)

    with pytest.raises(StateNotStorable, match=r"\$\.rest"):
        encoded("Order", State(rest=rest))


def test_a_state_of_just_the_limit_passes_and_one_above_is_refused() -> None:
    room = MAX_STATE_BYTES - len(encoded("Order", State(rest="")))

    assert len(encoded("Order", State(rest="x" * room))) == MAX_STATE_BYTES
    with pytest.raises(StateNotStorable, match=r"\$\.rest: it takes"):
        encoded("Order", State(rest="x" * (room + 1)))


@pytest.mark.parametrize(
    ("state", "path"),
    [
        (State(rest=["x"] * 40_000), "$.rest"),
        (State(lines={"Ada": Line("x" * 70_000), "b": Line()}), "$.lines[...].text"),
        (State(lines={str(n): Line("x" * 100) for n in range(700)}), "$.lines"),
    ],
)
def test_what_is_too_large_is_named_as_exactly_as_one_thing_is_to_blame(
    state: State, path: str
) -> None:
    with pytest.raises(StateNotStorable) as refused:
        encoded("Order", state)

    assert refused.value.path == path


HALF = MAX_STATE_BYTES // 2
QUOTES = 2


@pytest.mark.parametrize(
    ("state", "path"),
    [
        (State(rest=[*["x" * (HALF - QUOTES)] * 2, 1]), "$.rest"),
        (State(rest=[*["x" * (HALF - QUOTES + 1)] * 2, 1]), "$.rest[...]"),
        (
            State(
                rest="x" * 30_000,
                names={"x" * 30_000},
                lines={"Ada": Line("x" * 30_000)},
            ),
            "$.lines",
        ),
    ],
    ids=["half in a part", "more than half", "no field has half"],
)
def test_a_part_is_named_that_alone_takes_more_than_half(
    state: State, path: str
) -> None:
    with pytest.raises(StateNotStorable) as refused:
        encoded("Order", state)

    assert refused.value.path == path


class Odd(msgspec.Struct, eq=False):
    """Never the same as another."""

    number: int = 0


class Even(msgspec.Struct):
    """Made with even numbers only."""

    number: int = 0

    def __post_init__(self) -> None:
        if self.number % 2:
            msg = "it is odd"
            raise ValueError(msg)


def test_a_state_that_is_never_the_same_as_another_is_refused_as_a_whole() -> None:
    with pytest.raises(StateNotStorable, match="not equal to itself") as refused:
        encoded("Order", Odd())

    assert refused.value.path == "$"


def test_a_state_that_its_class_does_not_take_back_is_refused_as_a_whole() -> None:
    state = Even()
    state.number = 1

    with pytest.raises(StateNotStorable, match="it is odd") as refused:
        encoded("Order", state)

    assert refused.value.path == "$"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (b'{"names":["x","y"]}', b'{"names":["y","x"],"number":0}', True),
        (b'{"number":1}', b'{"number":2}', False),
        (b'{"number":"many"}', b'{"number":"many"}', False),
        (b"{}", b"", False),
    ],
)
def test_two_states_say_the_same_as_states_and_not_as_bytes(
    first: bytes, second: bytes, *, same: bool
) -> None:
    assert says_the_same(first, second, State) is same
