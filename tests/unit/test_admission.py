"""What goes through the door is of plain types, named by its class, and sealed with its types beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.appender.admission import Door
from eventstore.errors import InvalidEvent
from eventstore.events import MAX_COMMIT_EVENTS, Expected, NewEvent
from eventstore.registry import Event, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Commit
    from eventstore.registry.event_type import Secrets

ID = UUID(int=1)


class Said(Event, frozen=True, kw_only=True):
    """A fact."""

    text: str = "x"


class Heard(Event, frozen=True, kw_only=True):
    """Another."""


class Word(StrEnum):
    """A driver would write its name."""

    ANY = "any"
    SAID = "Said"


class Noon:
    """A clock."""

    def now(self) -> datetime:
        """Always the same."""
        return datetime(2026, 11, 23, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        """See `Clock`."""
        return 0.0


@dataclass
class Witness:
    """A sealer that remembers what it was given."""

    seen: list[tuple[str, ...]] = field(default_factory=list)

    def seal(
        self,
        commit: Commit,
        secrets: Sequence[Secrets | None],
        *,
        at_once: bool = False,
    ) -> Commit:
        """Nothing is sealed."""
        del secrets, at_once
        self.seen.append(tuple(event.type for event in commit.events))
        return commit

    def unsealed(self, one: Commit, other: Commit) -> tuple[Commit, Commit]:
        """Nothing was."""
        return one, other


def a_door(sealer: Witness) -> Door:
    """Of two types."""
    types = Registry()
    types.stream_type("note", number=1)
    types.event_type(Said, stream_type="note", subject=None)
    types.event_type(Heard, stream_type="note", subject=None)
    return Door(types, Noon(), sealer)


def admitted(*events: NewEvent, expected: Any = "any") -> Commit:
    """The commit that is made of them."""
    return a_door(Witness()).commit("note.1", events, expected, ID)


def test_the_sealer_is_told_the_type_of_each_event() -> None:
    witness = Witness()

    a_door(witness).commit("note.1", [NewEvent(Heard()), NewEvent(Said())], "any", ID)

    assert witness.seen == [("Heard", "Said")]


@pytest.mark.parametrize("name", [None, "Said", Word.SAID], ids=repr)
def test_a_type_may_be_given_beside_its_class(name: str | None) -> None:
    [event] = admitted(NewEvent(Said(), type=name)).events

    assert (event.type, type(event.type)) == ("Said", str)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (NewEvent(Said(), type="Heard"), "another than that of its data, Said"),
        (NewEvent({"text": "x"}), "it has no type"),
    ],
)
def test_a_type_that_is_not_that_of_the_data_is_refused(
    event: NewEvent, told: str
) -> None:
    with pytest.raises(InvalidEvent, match=told):
        admitted(event)


@pytest.mark.parametrize("many", [1, MAX_COMMIT_EVENTS])
def test_a_commit_has_one_event_to_the_most(many: int) -> None:
    assert len(admitted(*[NewEvent(Said())] * many).events) == many


@pytest.mark.parametrize("many", [0, MAX_COMMIT_EVENTS + 1])
def test_a_commit_of_fewer_or_more_is_refused(many: int) -> None:
    with pytest.raises(InvalidEvent, match=f"it has {many} events"):
        admitted(*[NewEvent(Said())] * many)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("no_stream", "no_stream"),
        (Word.ANY, "any"),
        (Expected(Word.ANY), "any"),
        (Expected.STREAM_EXISTS, "stream_exists"),
        (0, 0),
        (2**53, 2**53),
        (Expected(3), 3),
    ],
    ids=repr,
)
def test_an_expectation_is_written_as_a_plain_word_or_number(
    given: Any, plain: object
) -> None:
    value = admitted(NewEvent(Said()), expected=given).expected.value

    assert (value, type(value)) == (plain, type(plain))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("sometimes", "str"),
        (Expected("sometimes"), "str"),
        (-1, "number"),
        (2**53 + 1, "number"),
        (True, "bool"),
        (None, "NoneType"),
    ],
    ids=repr,
)
def test_another_expectation_is_refused_and_not_quoted(given: Any, kind: str) -> None:
    with pytest.raises(
        InvalidEvent, match=rf"expected: a version .*, not this {kind}\."
    ):
        admitted(NewEvent(Said()), expected=given)


def test_an_instant_that_was_not_given_is_the_clocks() -> None:
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)

    events = admitted(NewEvent(Said(), occurred_at=at), NewEvent(Said())).events

    assert [event.occurred_at for event in events] == [
        "2026-11-23T09:00:00.000000Z",
        "2026-11-23T12:00:00.000000Z",
    ]


def test_an_event_id_stands_in_a_commit_once() -> None:
    with pytest.raises(InvalidEvent, match="twice"):
        admitted(*[NewEvent(Said(), event_id=ID)] * 2)


@pytest.mark.parametrize(("first_version", "expected"), [(None, "any"), (1, 0), (5, 4)])
def test_a_fact_of_another_log_is_written_at_the_version_that_it_had(
    first_version: int | None, expected: object
) -> None:
    commit = a_door(Witness()).past_commit(
        "note.1", [NewEvent({"text": "x"}, type="Said", schema=1)], first_version, ID
    )

    assert commit.expected.value == expected


def test_a_fact_that_is_given_as_todays_class_is_written_as_such() -> None:
    [event] = (
        a_door(Witness())
        .past_commit("note.1", [NewEvent(Said(text="y"), schema=1)], 1, ID)
        .events
    )

    assert (event.type, event.schema, event.data) == ("Said", 1, {"text": "y"})
