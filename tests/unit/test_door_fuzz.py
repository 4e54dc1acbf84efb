"""Whatever is handed to the store is written as it is, or refused by an error that says what to do; nothing else happens."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.aggregates import Aggregate
from eventstore.errors import EventStoreError, InvalidEvent, InvalidStreamId
from eventstore.events import NewEvent, RecordedEvent
from eventstore.registry import Event, Registry
from eventstore.repository import AggregateRepository
from eventstore.testing.memory import MemoryEventStore
from tests.strategies_of_anything import (
    Id,
    Text,
    Unknown,
    Word,
    anything,
    cyclic,
    deep,
    events_of,
)

ID = UUID(int=1)


class Noted(Event, frozen=True, kw_only=True):
    """Takes anything, beside what is typed."""

    text: str = "x"
    free: Any = None
    kinds: set[str] | None = None
    blob: bytes | None = None


class NotedMore(Noted, frozen=True, kw_only=True):
    """Is not registered, though its base is."""


class NoteState(msgspec.Struct):
    """Nothing."""


class Note(Aggregate[NoteState]):
    """Takes whatever it is told."""

    stream_type, state_type = "note", NoteState

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""


def notes() -> Registry:
    """Of one type."""
    registry = Registry()
    registry.stream_type("note", number=1)
    registry.event_type(Noted, stream_type="note", subject=None, name="Noted")
    return registry


NOTES = notes()
FIELDS = st.dictionaries(
    st.sampled_from(["text", "free", "kinds", "blob", "other"]), anything(), max_size=3
)
OBJECTS = st.builds(
    Noted,
    text=st.text() | anything(),
    free=anything(),
    kinds=anything(),
    blob=anything(),
)
EVENTS = st.lists(
    events_of(FIELDS | OBJECTS | anything())
    | st.builds(NewEvent, OBJECTS)
    | anything(),
    max_size=3,
)


def same(given_: Any, read: Any) -> bool:
    """Equal, but for a tuple, which JSON has as a list."""
    if isinstance(given_, list | tuple) and isinstance(read, list):
        return len(given_) == len(read) and all(map(same, given_, read))
    if isinstance(given_, Mapping) and isinstance(read, dict):
        return set(given_) == set(read) and all(same(given_[k], read[k]) for k in read)
    return bool(given_ == read)


def is_as_given(event: NewEvent, recorded: RecordedEvent) -> bool:
    """Whether what was accepted is what was proposed."""
    back, data = NOTES.event_of(recorded), event.data
    made = data if isinstance(data, Noted) else msgspec.convert(data, Noted)
    return (
        all(same(getattr(made, f), getattr(back, f)) for f in Noted.__struct_fields__)
        and event.event_id in (None, recorded.metadata.event_id)
        and event.correlation_id in (None, recorded.metadata.correlation_id)
        and event.occurred_at in (None, recorded.metadata.timestamp)
        and event.schema in (None, recorded.schema)
    )


def outcome_of(ask: Callable[[], Any], *others: type[Exception]) -> Any:
    """What it gives; the error, if it is one of the store's, or of those that are documented. It quotes nothing."""
    try:
        return ask()
    except EventStoreError as refused:
        told: Exception = refused
    except others as refused:
        told = refused
    assert "secret" not in str(told)
    return told


def records(store: MemoryEventStore) -> int:
    """How many the log holds."""
    return sum(store.catch_up(store.topics.places, timeout_s=0).offsets.values())


@settings(max_examples=400)
@given(
    st.sampled_from(["note.1", Text("note.2"), Word.STREAM]) | anything(),
    EVENTS | anything() | events_of(FIELDS),
    st.sampled_from(["any", 0, "no_stream", Text("any")]) | anything(),
    st.none() | st.just(ID) | anything(),
)
def test_whatever_is_appended_is_read_back_equal_or_refused(
    stream_id: Any, events: Any, expected: Any, commit_id: Any
) -> None:
    store = MemoryEventStore(NOTES)

    result = outcome_of(
        lambda: store.append(stream_id, events, expected, commit_id=commit_id)
    )

    if isinstance(result, EventStoreError):
        assert records(store) == (result.code == "wrong-expected-version")
        return
    read = list(store.read(stream_id))
    assert type(result.stream_id) is str
    assert result.stream_id == stream_id
    assert commit_id in (None, result.commit_id)
    assert all(map(is_as_given, events, read))
    assert len(read) == len(events) == result.last_version


@settings(max_examples=400)
@given(st.one_of(FIELDS, OBJECTS, anything()))
def test_whatever_is_the_data_is_read_back_equal_or_refused(data: Any) -> None:
    store = MemoryEventStore(NOTES)
    event = NewEvent(data, type=None if isinstance(data, msgspec.Struct) else "Noted")

    result = outcome_of(lambda: store.append("note.1", [event], "any"))

    if isinstance(result, EventStoreError):
        assert records(store) == 0
        return
    [read] = store.read("note.1")
    assert is_as_given(event, read)


@given(anything())
def test_a_time_out_is_a_number_of_seconds_or_refused(timeout_s: Any) -> None:
    store = MemoryEventStore(NOTES)
    is_fine = timeout_s is None or (
        isinstance(timeout_s, int | float)
        and not isinstance(timeout_s, bool)
        and 0 <= timeout_s <= 86_400
    )

    event = NewEvent(Noted())
    result = outcome_of(
        lambda: store.append("note.1", [event], "any", timeout_s=timeout_s),
        TypeError,
        ValueError,
    )

    assert isinstance(result, Exception) != is_fine
    assert records(store) == is_fine


@given(anything(), anything(), anything())
def test_whatever_is_asked_is_answered_or_refused(
    one: Any, two: Any, three: Any
) -> None:
    store = MemoryEventStore(NOTES)
    store.append("note.1", [NewEvent(Noted())], "any")
    asked = (
        lambda: list(store.read(one)),
        lambda: list(store.read("note.1", two, three)),
        lambda: list(store.read("note.1", limit=one)),
        lambda: list(store.history(one)),
        lambda: store.stream_info(one),
        lambda: store.outcome(one),
        lambda: store.outcome(ID, one),
        lambda: store.version_as_of("note.1", one),
        lambda: store.read_all(limit=one),
    )
    for ask in asked:
        outcome_of(ask, TypeError, ValueError)


@given(st.text() | anything(), OBJECTS | anything(), st.none() | anything())
def test_whatever_is_recorded_is_saved_or_refused(
    aggregate_id: Any, event: Any, correlation: Any
) -> None:
    store = MemoryEventStore(NOTES)
    repository = AggregateRepository(Note, store)

    def save() -> Any:
        note = Note(aggregate_id)
        note.record(event)
        return repository.save(note, correlation_id=correlation)

    result = outcome_of(save)

    if isinstance(result, EventStoreError):
        assert records(store) == 0
        return
    assert result.last_version == 1
    [read] = store.read(result.stream_id)
    assert is_as_given(NewEvent(event), read)


# ---- one by one, with what the message says


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (Noted(free=b"x"), r"\$\.free: a bytes would be read as a str"),
        (
            Noted(free={"a": [1, {"b"}]}),
            r"\$\.free\[\.\.\.\]\[1\]: a set would be read",
        ),
        ({"free": b"x"}, r"\$\.free: a bytes would be read as a str"),
        ({"free": [1, object()]}, r"\$\.free\[1\]: a object has no form in JSON"),
        (Noted(free=math.nan), r"\$\.free: JSON has no infinite numbers"),
        (Noted(free=10**400), r"\$\.free: an integer of a record lies within"),
        (Noted(free=2**53 + 1), r"\$\.free: an integer of a record lies within"),
        (Noted(free={"a": {1: 2}}), r"\$\.free\[\.\.\.\]: a name in it is a int"),
        (Noted(free="a\x00"), r"\$\.free: a text of a record holds no NUL"),
        (Noted(text="\ud800"), r"\$\.text: half a surrogate pair"),
        (Noted(free=cyclic(list)), r"\$\.free: it is nested deeper .* without end"),
        (Noted(free=cyclic(dict)), r"\$\.free: it is nested deeper"),
        ({"free": cyclic(dict)}, r"\$\.free: it is nested deeper"),
        (Noted(free=deep(20_000)), r"\$\.free: it is nested deeper"),
        (Noted(free=deep(60)), r"\$\.free(\[0\])*: it is nested deeper"),
        (NotedMore(), "NotedMore is not a registered event"),
        (Unknown(), "Unknown is not a registered event"),
        ({"text": 3}, r"Expected `str`, got `int` - at `\$\.text`"),
        (None, "Expected `object`, got `null`"),
    ],
)
def test_a_refusal_says_where_and_why_and_quotes_nothing(data: Any, told: str) -> None:
    store = MemoryEventStore(NOTES)

    with pytest.raises(InvalidEvent, match=told) as refused:
        store.append("note.1", [NewEvent(Noted()), NewEvent(data, type=None if isinstance(data, msgspec.Struct) else "Noted")], "any")  # fmt: skip

    assert refused.value.index == 1
    assert not list(store.read("note.1"))


@pytest.mark.parametrize("event", [None, {"text": "x"}, 7])
def test_what_is_no_event_is_recorded_and_refused_when_it_is_saved(event: Any) -> None:
    store = MemoryEventStore(NOTES)
    note = Note("1")
    note.record(event)

    with pytest.raises(InvalidEvent):
        AggregateRepository(Note, store).save(note)

    assert records(store) == 0


@pytest.mark.parametrize(
    ("free", "read"),
    [
        ((1, (2,)), [1, [2]]),
        (deep(59), deep(59)),
        (2**53, 2**53),
        ({"a": None}, {"a": None}),
    ],
)
def test_what_json_has_is_taken(free: Any, read: Any) -> None:
    store = MemoryEventStore(NOTES)

    store.append("note.1", [NewEvent(Noted(free=free, kinds={"a"}, blob=b"b"))], "any")

    [event] = store.read("note.1")
    assert event.data["free"] == read
    assert NOTES.event_of(event).kinds == {"a"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ((NewEvent(Noted()) for _ in range(2)), "its events are a generator: give a list"),
        ([Noted()], r"Event 0 .* it is a Noted: give NewEvent\(data\)"),
        ([None], r"Event 0 .* it is a NoneType: give NewEvent\(data\)"),
        (None, "its events are a NoneType"),
        ("abc", "its events are a str"),
        ([NewEvent(Noted(), event_id="")], "an id of it is a str, not a UUID"),  # type: ignore[arg-type]
        ([NewEvent(Noted(), event_id=0)], "an id of it is a int, not a UUID"),  # type: ignore[arg-type]
        ([NewEvent(Noted(), occurred_at="")], "occurred_at is no instant"),  # type: ignore[arg-type]
        ([NewEvent(Noted(), correlation_id="")], "an id of it is a str"),  # type: ignore[arg-type]
        ([NewEvent(Noted(), schema=True)], "in schema 1, and this is a bool"),
        ([NewEvent(Noted(), schema=10**5000)], "in schema 1, and this is another"),
        ([NewEvent(Noted(), schema=2)], "in schema 1, not 2"),
        ([NewEvent({}, type=["Noted"])], "its type is a list, not a text"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_no_list_of_events_is_refused_with_what_to_give(
    events: Any, told: str
) -> None:
    store = MemoryEventStore(NOTES)

    with pytest.raises(InvalidEvent, match=told):
        store.append("note.1", events, "any")
    with pytest.raises(InvalidEvent):
        asyncio.run(store.aappend("note.1", events, "any"))

    assert not list(store.read("note.1"))


@pytest.mark.parametrize("commit_id", [0, "", False, "garbage", str(UUID(int=3)), b"x"])
def test_a_commit_id_that_is_none_is_not_taken_for_nothing(commit_id: Any) -> None:
    store = MemoryEventStore(NOTES)

    with pytest.raises(InvalidEvent, match="not a UUID"):
        store.append("note.1", [NewEvent(Noted())], "any", commit_id=commit_id)
    with pytest.raises(TypeError, match="a commit id is a UUID"):
        store.outcome(commit_id)


@pytest.mark.parametrize("given_", [None, 3, b"note.1", ["note.1"], UUID(int=3)])
def test_what_is_no_text_is_no_stream_id(given_: Any) -> None:
    store = MemoryEventStore(NOTES)
    kind = type(given_).__name__

    for ask in (store.read, store.history, store.stream_info):
        with pytest.raises(InvalidStreamId, match=f"it is a {kind}, not a text"):
            ask(given_)
    with pytest.raises(InvalidStreamId, match=f"a {kind}, not a text"):
        Note(given_)
    repository = AggregateRepository(Note, store)
    with pytest.raises(InvalidStreamId, match=f"a {kind}, not a text"):
        repository.load(given_)
    with pytest.raises(InvalidStreamId, match=f"a {kind}, not a text"):
        repository.exists(given_)


def test_an_id_of_another_class_is_written_as_what_it_says() -> None:
    store = MemoryEventStore(NOTES)

    done = store.append(Word.STREAM, [NewEvent(Noted())], "any", commit_id=Id(int=7))

    assert store.stream_info("note.word").version == 1
    assert type(done.commit_id) is UUID
    assert type(done.stream_id) is str


@pytest.mark.parametrize("saved", [None, 3, Noted()])
def test_what_is_no_aggregate_of_the_repository_is_a_type_error(saved: Any) -> None:
    with pytest.raises(TypeError, match="a repository of Note saves Note, not a"):
        AggregateRepository(Note, MemoryEventStore(NOTES)).save(saved)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Noted(free=(one for one in [1])), "Noted holds what cannot be copied"),
        (Noted(free=deep(20_000)), "Noted holds what cannot be copied"),
        (Lock(), "lock holds what cannot be copied"),
    ],
)
def test_what_cannot_be_copied_is_not_recorded(event: Any, told: str) -> None:
    note = Note("1")

    with pytest.raises(InvalidEvent, match=told):
        note.record(event)

    assert (note.version, note.is_changed) == (0, False)


def test_an_aggregate_stands_at_no_version_below_0() -> None:
    with pytest.raises(ValueError, match="a version is 0 or more, not -1"):
        Note("1", version=-1)
    with pytest.raises(TypeError, match="a version is a number, not a str"):
        Note("1", version="1")  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [True, "1", 1.5])
def test_a_version_to_load_is_a_number(version: Any) -> None:
    with pytest.raises(TypeError, match="a version is a number"):
        AggregateRepository(Note, MemoryEventStore(NOTES)).load("1", version=version)
