"""What `apply` gets of a sensitive field: nothing but that it is withheld, while it is recorded as when it is loaded."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from eventstore.aggregates import Aggregate
from eventstore.events import SEALED_AWAY
from eventstore.registry import SENSITIVE, Event

WORDS = "a word that nobody may find"


class Address(msgspec.Struct):
    """A part of an event."""

    street: Annotated[str, SENSITIVE]
    country: str


class Told(Event, frozen=True, kw_only=True):
    """Something was said."""

    who: str
    text: Annotated[str, SENSITIVE] | None = None
    remark: Annotated[str, SENSITIVE] = ""
    home: Address | None = None


class Plain(Event, frozen=True, kw_only=True):
    """Nothing of it is sensitive."""

    number: int


class Heard(msgspec.Struct):
    """All that `apply` was given."""

    events: list[Any] = []


class Deaf(Aggregate[Heard]):
    """Needs nothing that is sealed."""

    stream_type = "talk"
    state_type = Heard

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        self.state.events.append(event)


class Hearing(Deaf):
    """Needs it."""

    reads_sealed = True


def test_apply_gets_no_sensitive_field_while_it_is_recorded() -> None:
    talk = Deaf("1")

    talk.record(Told(who="w-1", text=WORDS))

    (given,) = talk.state.events
    assert given.who == "w-1"
    assert (given.text, given.remark, given.home) == (SEALED_AWAY,) * 3
    assert WORDS not in repr(talk.state)


def test_what_is_recorded_is_whole() -> None:
    talk, event = Deaf("1"), Told(who="w-1", text=WORDS)

    talk.record(event)

    assert talk._domain_events[0].data == Told(who="w-1", text=WORDS)
    assert event.text == WORDS


def test_a_part_that_holds_a_sensitive_field_is_withheld_as_a_whole() -> None:
    talk = Deaf("1")

    talk.record(Told(who="w-1", remark="r", home=Address("a street", "DE")))

    assert talk.state.events[0].home is SEALED_AWAY


def test_who_reads_what_is_sealed_gets_all_of_it() -> None:
    talk = Hearing("1")

    talk.record(Told(who="w-1", text=WORDS))

    assert talk.state.events == [Told(who="w-1", text=WORDS)]


@pytest.mark.parametrize("event", [Plain(number=1)])
def test_where_nothing_is_sensitive_nothing_is_withheld(event: Event) -> None:
    talk = Deaf("1")

    talk.record(event)

    assert talk.state.events == [event]


class Optional(Event, frozen=True, kw_only=True):
    """May say something."""

    text: Annotated[str, SENSITIVE] | None = None


def test_what_is_absent_and_so_has_no_box_is_not_withheld() -> None:
    talk = Deaf("1")

    talk.record(Optional())

    assert talk.state.events == [Optional()]


def test_whether_it_reads_what_is_sealed_is_yes_or_no() -> None:
    with pytest.raises(TypeError, match="reads_sealed"):
        type("Odd", (Deaf,), {"reads_sealed": "sometimes"})
