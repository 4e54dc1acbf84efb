"""Who is shown a stream's head or its state is recorded with all persons whom its events are about, and the stream is read once for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.api import naming
from eventstore.api.naming import Names
from eventstore.events import Expected, NewEvent
from eventstore.testing.memory import MemoryEventStore
from teddy_es.domain.conversation import ChildSpoke
from tests.support.callers import a_caller
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from tests.support.families import Families

TALK = "conversation.t-1"


@pytest.fixture
def mixed(families: Families) -> Families:
    """A conversation of c-1, in whose third event c-2 speaks, and in whose fourth c-3."""
    families.talks("t-1", "c-1", "Hello")
    for child in ("c-2", "c-3"):
        families.happens(TALK, ChildSpoke(child_id=child, text="Me, too"))
    return families


def subjects(call: str) -> list[str]:
    """As they were recorded for a call."""
    answer: Any = a_caller(f"reader-{uuid4().hex}").get(call)
    assert answer.status_code in (200, 304), answer.content
    return sorted(Recorder.said[-1]["subjects"])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("", ["c-1", "c-2", "c-3"]),
        ("/state", ["c-1", "c-2", "c-3"]),
        ("/state?version=4", ["c-1", "c-2", "c-3"]),
        ("/state?version=3", ["c-1", "c-2"]),
        ("/state?version=2", ["c-1"]),
        ("/state?version=1", ["c-1"]),
    ],
)
def test_all_whom_the_events_are_about_are_recorded(
    mixed: Families, call: str, named: list[str]
) -> None:
    for _ in (1, 2):  # read, and remembered
        assert subjects(f"/streams/{TALK}{call}") == named


def test_who_comes_later_is_named_too(mixed: Families) -> None:
    before = subjects(f"/streams/{TALK}/state")
    mixed.happens(TALK, ChildSpoke(child_id="c-4", text="And me"))

    assert before == ["c-1", "c-2", "c-3"]
    assert subjects(f"/streams/{TALK}") == [*before, "c-4"]
    assert subjects(f"/streams/{TALK}/state?version=4") == before


def spoken(store: MemoryEventStore, *children: str) -> None:
    for child in children:
        event = NewEvent(ChildSpoke(child_id=child, text="Hello"))
        store.append(TALK, [event], Expected.ANY)


class Counting(MemoryEventStore):
    """Says from which version on it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    def read(
        self, stream_id: str, from_version: int = 1, *rest: Any, **how: Any
    ) -> Any:
        """See `EventStore`."""
        self.begun.append(from_version)
        return super().read(stream_id, from_version, *rest, **how)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Counting:
    made = Counting()
    monkeypatch.setattr(naming, "get_event_store", lambda: made)
    return made


def test_what_was_read_is_not_read_again(store: Counting) -> None:
    names = Names()
    spoken(store, "a", "b")
    first = names.of(TALK, 2)
    spoken(store, "c")
    second, third = names.of(TALK, 3), names.of(TALK, 1)

    assert first == ({"a", "b"}, {"a", "b"})
    assert second == ({"a", "b", "c"}, {"a", "b", "c"})
    assert third == ({"a"}, {"a"})
    assert store.begun == [1, 2, 3]


def test_a_stream_that_has_become_another_is_read_anew(
    store: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names()
    spoken(store, "a", "b", "c")
    names.of(TALK, 3)
    shorter, other = Counting(), Counting()
    spoken(shorter, "x")
    spoken(other, "y", "z", "z")

    monkeypatch.setattr(naming, "get_event_store", lambda: shorter)
    assert names.of(TALK, 1) == ({"x"}, {"x"})
    monkeypatch.setattr(naming, "get_event_store", lambda: other)
    assert names.of(TALK, 3) == ({"y", "z"}, {"y", "z"})
    assert names.of("conversation.none", 3) == (set(), set())


@pytest.mark.parametrize("most", [1, 2, 3])
def test_so_many_streams_are_remembered(store: Counting, most: int) -> None:
    names = Names(most)
    streams = [f"conversation.t-{n}" for n in range(3)]
    for stream in streams:
        event = NewEvent(ChildSpoke(child_id="a", text="Hello"))
        store.append(stream, [event] * 2, Expected.ANY)
        names.of(stream, 2)
    store.begun.clear()

    for stream in reversed(streams[-most:]):
        names.of(stream, 2)
    assert store.begun == [2] * min(most, 3)
    store.begun.clear()
    for stream in streams[:-most]:
        names.of(stream, 2)
    assert store.begun == [1] * (3 - most)
