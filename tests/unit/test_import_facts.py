"""An import takes facts as they were: in their schema, at their version, and nothing else under an id that is known."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.events import NewEvent
from eventstore.exchange.cloudevents import export_line
from eventstore.exchange.importer.flight import Limits
from eventstore.exchange.importer.run import End, Summary, import_events
from eventstore.registry import Event, Registry
from eventstore.testing.memory import MemoryEventStore
from tests.strategies import GATE
from tests.unit.import_store import FakeClock, a_line, uid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.events import RecordedEvent
    from eventstore.exchange.importer.grouping import Refusal


class Happened(Event, frozen=True, kw_only=True):
    """As it was written at first."""

    n: float
    note: str | None = None


class HappenedNow(Event, frozen=True, kw_only=True):
    """As it is written today."""

    count: int
    note: str | None = None


def a_store(*, schema: int = 1) -> MemoryEventStore:
    types = Registry()
    types.stream_type("order", number=1)
    if schema == 1:
        types.event_type(Happened, stream_type="order", subject=None)
        return MemoryEventStore(types)
    types.event_type(
        *(HappenedNow,), stream_type="order", subject=None, name="Happened", schema=2
    )
    types.upcaster("Happened", from_schema=1, upcast=_counted)
    return MemoryEventStore(types)


def _counted(fields: dict[str, Any]) -> Mapping[str, Any]:
    fields["count"] = int(fields.pop("n"))
    return fields


def imported(
    store: MemoryEventStore, *lines: bytes, **options: Any
) -> tuple[Summary, list[tuple[int, str]]]:
    """The summary, and each refusal as (line, reason)."""
    found: list[Refusal] = []
    options.setdefault("limits", Limits())
    summary = import_events(
        BytesIO(b"".join(lines)),
        store,
        clock=FakeClock(),
        on_refusal=found.append,
        **options,
    )
    return summary, [(refusal.line, refusal.reason) for refusal in found]


def exported(store: MemoryEventStore, *streams: str) -> list[bytes]:
    return [
        export_line(event, source="/shop")
        for stream in streams
        for event in store.read(f"order.{stream}")
    ]


def said(store: MemoryEventStore, stream: str) -> list[Any]:
    return [event.data["n"] for event in store.read(f"order.{stream}")]


# ---- what is under the id already


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"data": {"n": 2}}, "data"),
        ({"data": {"n": 1, "note": "corrected"}}, "data"),
        ({"time": "2018-05-02T19:38:16Z"}, "time"),
        ({"correlationid": uid("other")}, "correlationid"),
        ({"causationid": uid("other")}, "causationid"),
        ({"id": uid("other")}, "id"),
    ],
)
def test_corrected_lines_under_the_same_ids_are_bad_lines_and_not_there_already(
    changes: dict[str, Any], name: str
) -> None:
    store = a_store()
    imported(store, a_line("a", 1, "x"))
    before = exported(store, "a")

    summary, refused = imported(store, b"\n", a_line("a", 1, "x", **changes))

    reason = f"its commit was decided with other events: {name} is not the same there"
    assert refused == [(2, reason)]
    assert (summary.appended, summary.replayed, summary.bad) == (0, 0, 1)
    assert exported(store, "a") == before


def test_the_line_of_the_event_that_differs_is_named() -> None:
    store = a_store()
    imported(store, a_line("a", 1, "x"), a_line("a", 2, "x"))

    _, refused = imported(
        store, a_line("a", 1, "x"), a_line("a", 2, "x", data={"n": 3})
    )

    assert [line for line, _ in refused] == [2]


def test_fewer_lines_of_a_commit_are_another_commit() -> None:
    store = a_store()
    imported(store, a_line("a", 1, "x"), a_line("a", 2, "x"))

    _, ((_, reason),) = imported(store, a_line("a", 1, "x"))

    assert "the number of its lines" in reason


@pytest.mark.parametrize("data", [{"n": 1.0}, {"note": None, "n": 1}])
def test_what_the_file_says_is_kept_as_it_says_it(data: dict[str, Any]) -> None:
    store = a_store()

    imported(store, a_line("a", 1, "x", data=data))

    (event,) = store.read("order.a")
    assert event.data == data
    assert event.problem is None


# ---- schemas


def test_an_export_of_an_older_schema_is_imported_under_newer_code_as_it_was() -> None:
    old, new = a_store(), a_store(schema=2)
    imported(old, a_line("a", 1), a_line("a", 2))

    summary, refused = imported(new, *exported(old, "a"))
    again, _ = imported(new, *exported(old, "a"))

    assert (summary.appended, again.replayed, refused) == (2, 2, [])
    assert [event.schema for event in new.read("order.a")] == [1, 1]
    assert _timeless(new, "a") == _timeless(old, "a")
    assert list(new.history("order.a")) == [HappenedNow(count=1), HappenedNow(count=2)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schemaversion": 3}, "schema 2, not 3"),
        ({"schemaversion": 0}, "no upcaster leads from schema 0 to 2"),
        ({"schemaversion": 1, "data": {"m": 1}}, "upcasters from schema 1 cannot read"),
        ({"schemaversion": 2}, "Happened"),
        ({"schemaversion": 1, "type": "Other"}, "no event of a order stream"),
    ],
)
def test_what_no_registered_schema_can_read_is_a_bad_line(
    changes: dict[str, Any], reason: str
) -> None:
    store = a_store(schema=2)

    _, ((line, why),) = imported(store, a_line("a", 1, **changes))

    assert line == 1
    assert reason in why
    assert list(store.read("order.a")) == []


def test_a_new_event_is_still_written_in_todays_schema_only() -> None:
    store = a_store(schema=2)

    refused = store.submit(
        "order.a", [NewEvent({"n": 1}, "Happened", schema=1)], "any"
    ).exception()

    assert "schema 2, not 1" in str(refused)


# ---- versions


def versioned(stream: str, *versions: int | None, commit: object = None) -> list[bytes]:
    """Lines that say n = 1, 2 … and these versions."""
    return [
        a_line(stream, n, commit, streamversion=version)
        for n, version in enumerate(versions, 1)
    ]


def test_a_file_that_was_turned_round_is_not_renumbered() -> None:
    store = a_store()

    summary, refused = imported(store, *reversed(versioned("a", 1, 2, 3)))

    assert refused == [
        (
            1,
            "streamversion 3 is out of order: its stream is at version 0 here, 1 comes next; nothing of its commit was written",
        )
    ]
    assert (summary.end, summary.reached, said(store, "a")) == (End.BAD_LINE, 1, [])


def test_put_right_the_same_lines_are_imported_as_they_are() -> None:
    """A refusal that used the commit ids up could never be put right."""
    store, lines = a_store(), versioned("a", 1, 2, 3)
    imported(store, *reversed(lines), skip_bad=True)

    first, _ = imported(store, *lines)
    again, _ = imported(store, *lines)

    assert said(store, "a") == [1, 2, 3]
    assert (first.appended, first.replayed) == (2, 1)
    assert (again.appended, again.replayed, again.bad) == (0, 3, 0)


@pytest.mark.parametrize(
    ("versions", "kept", "bad"),
    [
        ((1, 3), [1], [2]),
        ((1, 1), [1], [2]),
        ((2, 3), [], [1, 2]),
        ((1, None, 3), [1, 2, 3], []),
        ((None, 2), [1, 2], []),
        ((None, 1), [1], [2]),
        ((1, 3, 2, 3), [1, 3, 4], [2]),
    ],
    ids=["gap", "twice", "partial", "some", "later", "again", "one out of order"],
)
def test_a_line_out_of_turn_is_left_out_with_all_that_would_need_it(
    versions: tuple[int | None, ...], kept: list[int], bad: list[int]
) -> None:
    store = a_store()

    _, refused = imported(store, *versioned("a", *versions), skip_bad=True)

    assert said(store, "a") == kept
    assert [line for line, _ in refused] == bad


@pytest.mark.parametrize(
    ("versions", "kept"),
    [
        ((1, 2, 3), [1, 2, 3]),
        ((None, None, 3), [1, 2, 3]),
        ((1, 3, 2), []),
        ((1, 1, 2), []),
        ((None, 1, 2), []),
        ((2, None, None), []),
    ],
)
def test_the_versions_of_a_commit_go_on_from_line_to_line(
    versions: tuple[int | None, ...], kept: list[int]
) -> None:
    store = a_store()

    imported(store, *versioned("a", *versions, commit="x"), skip_bad=True)

    assert said(store, "a") == kept


def test_what_is_there_at_another_version_is_no_repeat() -> None:
    store = a_store()
    imported(store, a_line("a", 1), a_line("a", 2))

    _, refused = imported(store, a_line("a", 2, streamversion=1))

    assert refused == [
        (1, "it says streamversion 1, but its event is there already, as version 2")
    ]


def test_an_export_that_goes_on_is_imported_behind_what_is_there() -> None:
    store = a_store()
    imported(store, *versioned("a", 1, 2))

    _, refused = imported(store, a_line("a", 3, streamversion=3))

    assert (said(store, "a"), refused) == ([1, 2, 3], [])


# ---- what is dropped is said


def test_attributes_without_a_place_are_counted_and_only_so_many_named() -> None:
    names = {f"x{n}": 1 for n in range(25)}

    summary, _ = imported(
        a_store(), a_line("a", 1, traceparent="t"), a_line("a", 2, **names)
    )

    assert summary.dropped["traceparent"] == 1
    assert len(summary.dropped) == 21
    assert summary.dropped["others"] == 6


# ---- by chance, against simple models


streams = st.sampled_from("ab")


@st.composite
def histories(draw: st.DrawFn) -> list[bytes]:
    """Lines of two streams in commits of one to three, in order, without versions."""
    commits = draw(
        st.lists(st.tuples(streams, st.integers(1, 3), st.booleans()), max_size=8)
    )
    lines, heads = [], {"a": 0, "b": 0}
    for number, (stream, size, named) in enumerate(commits):
        for _ in range(size):
            heads[stream] += 1
            commit = f"c{number}" if named else None
            lines.append(a_line(stream, heads[stream], commit))
    return lines


windows = st.builds(
    Limits,
    lines=st.integers(1, 3),
    size=st.integers(1, 900),
    in_flight=st.integers(1, 3),
)


@GATE
@given(histories(), windows, windows, st.booleans())
def test_what_was_exported_imports_to_the_same_streams_and_exports_the_same(
    lines: list[bytes],
    first: Limits,
    second: Limits,
    newer: bool,  # noqa: FBT001
) -> None:
    there, here = a_store(), a_store(schema=2 if newer else 1)
    imported(there, *lines, limits=first)
    out = exported(there, "a", "b")

    summary, refused = imported(here, *out, limits=second)
    again, _ = imported(here, *out, limits=first)

    assert refused == []
    assert summary.appended == again.replayed == len(lines) == len(out)
    for stream in "ab":
        assert _timeless(here, stream) == _timeless(there, stream)


@st.composite
def odd_files(draw: st.DrawFn) -> list[tuple[str, int, int | None]]:
    """(stream, n, version), each line a commit; ids come again, versions contradict."""
    line = st.tuples(streams, st.integers(1, 4), st.none() | st.integers(1, 4))
    return draw(st.lists(line, max_size=10))


@GATE
@given(odd_files(), odd_files(), windows)
def test_an_import_does_what_its_simple_model_does(
    before: list[tuple[str, int, int | None]],
    after: list[tuple[str, int, int | None]],
    limits: Limits,
) -> None:
    store, model = a_store(), Model()

    for file in (before, after):
        lines = [a_line(s, n, streamversion=v) for s, n, v in file]
        _, refused = imported(store, *lines, skip_bad=True, limits=limits)

        assert sorted(line for line, _ in refused) == model.take(file)
        assert {s: said(store, s) for s in "ab"} == model.streams


class Model:
    """The streams after files of such lines, taken one by one."""

    def __init__(self) -> None:
        self.streams: dict[str, list[int]] = {"a": [], "b": []}

    def take(self, file: list[tuple[str, int, int | None]]) -> list[int]:
        """The lines that it refuses."""
        refused, seen = [], set()
        for line, (stream, n, version) in enumerate(file, 1):
            there = self.streams[stream]
            is_there = n in there
            right = there.index(n) + 1 if is_there else len(there) + 1
            if (stream, n) in seen or version not in (None, right):
                refused.append(line)
            elif not is_there:
                there.append(n)
            seen.add((stream, n))
        return refused


def _timeless(store: MemoryEventStore, stream: str) -> list[Any]:
    return [_told(event) for event in store.read(f"order.{stream}")]


def _told(event: RecordedEvent) -> tuple[Any, ...]:
    """All that is an event's own; not where and when this log took it."""
    return (
        event.metadata,
        event.data,
        event.schema,
        event.commit_id,
        event.position.index,
    )
