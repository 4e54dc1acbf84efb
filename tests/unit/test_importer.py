"""What an import does with a file: order, commits, bad lines, repeats, interruptions, troubles that pass."""

from __future__ import annotations

import os
import signal
import tracemalloc
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.errors import (
    AppendOutcomeUnknown,
    LogTruncated,
    LogUnavailable,
    SubjectErased,
)
from eventstore.exchange.cloudevents import MAX_LINE_BYTES
from eventstore.exchange.importer.flight import Limits
from eventstore.exchange.importer.grouping import Refusal, Seen
from eventstore.exchange.importer.lines import Interrupt, Lines
from eventstore.exchange.importer.run import End, Summary, import_events
from tests.unit.import_store import BusyStore, FakeClock, ImportStore, a_line, uid

if TYPE_CHECKING:
    from eventstore.ports import Store

BAD = b"{not json\n"
TOO_LONG = f"it is longer than {MAX_LINE_BYTES} bytes"


def store_of(store: ImportStore) -> Store:
    """As the port: an import needs no more of it than the fake has."""
    return cast("Store", store)


def imported(store: ImportStore, *lines: bytes, **options: Any) -> Summary:
    options.setdefault("clock", FakeClock())
    options.setdefault("limits", Limits(first_pause_s=0.0))
    return import_events(BytesIO(b"".join(lines)), store_of(store), **options)


def refusals(*lines: bytes, skip_bad: bool = True) -> list[tuple[int, int]]:
    """(line, lines) of each refusal, for a store of their own."""
    found: list[Refusal] = []
    imported(ImportStore(), *lines, skip_bad=skip_bad, on_refusal=found.append)
    return [(refusal.line, refusal.lines) for refusal in found]


def test_an_empty_file_is_imported() -> None:
    summary = imported(ImportStore())

    assert (summary.lines, summary.events, summary.reached) == (0, 0, 1)
    assert summary.is_good


def test_events_arrive_with_all_that_the_lines_say() -> None:
    store = ImportStore()

    summary = imported(store, a_line("a", 1), b"\n", a_line("a", 2), b"  \r\n")

    assert store.numbers("order.a") == [1, 2]
    assert (summary.lines, summary.commits, summary.events) == (4, 2, 2)
    assert (summary.appended, summary.replayed, summary.bad) == (2, 0, 0)
    assert summary.reached == 5
    assert summary.is_good


def test_a_last_line_without_an_end_counts() -> None:
    store = ImportStore()

    imported(store, a_line("a", 1), a_line("a", 2).rstrip())

    assert store.numbers("order.a") == [1, 2]


def test_the_second_time_changes_nothing() -> None:
    store = ImportStore()
    lines = [a_line("a", 1, "x"), a_line("a", 2, "x"), a_line("b", 1)]
    imported(store, *lines)

    summary = imported(store, *lines)

    assert store.numbers("order.a") == [1, 2]
    assert (summary.events, summary.appended, summary.replayed) == (3, 0, 3)
    assert summary.is_good


def test_streams_of_a_type_that_is_another_stores_own_are_left_out_and_counted() -> (
    None
):
    store = ImportStore()
    keys = [a_line("", n, subject="privacy.child-1") for n in (1, 2)]

    summary = imported(
        store, keys[0], a_line("a", 3), keys[1], a_line("a", 4), without={"privacy"}
    )

    assert store.streams.keys() == {"order.a"}
    assert store.numbers("order.a") == [3, 4]
    assert (summary.lines, summary.events, summary.left_out) == (4, 2, 2)
    assert (summary.bad, summary.reached, summary.end) == (0, 5, End.COMPLETE)


def test_what_is_left_out_ends_the_commit_before_it() -> None:
    store, between = ImportStore(), a_line("", 1, subject="privacy.child-1")

    summary = imported(
        store, a_line("a", 2, "x"), between, a_line("a", 3, "x"), without={"privacy"}
    )

    assert store.numbers("order.a") == [2]
    assert (summary.bad, summary.left_out, summary.reached) == (1, 1, 3)


def test_an_import_may_begin_behind_what_is_left_out() -> None:
    store = ImportStore()
    keys = [a_line("", n, "x", subject="privacy.child-1") for n in (1, 2)]

    summary = imported(store, *keys, a_line("a", 3), from_line=2, without={"privacy"})

    assert (summary.events, summary.left_out, summary.bad) == (1, 1, 0)


@given(
    st.lists(st.sampled_from("abcde"), max_size=60),
    st.integers(1, 20),
    st.integers(1, 5),
)
def test_the_order_of_every_stream_is_kept(
    streams: list[str], window: int, in_flight: int
) -> None:
    lines = [a_line(stream, n) for n, stream in enumerate(streams)]
    limits = Limits(lines=window, in_flight=in_flight, first_pause_s=0.0)

    with BusyStore() as store:
        store.troubles.extend([None, LogUnavailable("no leader")] * 5)
        imported(store, *lines, limits=limits)

    assert store.most_in_flight <= in_flight
    for name in set(streams):
        wanted = [n for n, stream in enumerate(streams) if stream == name]
        assert store.numbers(f"order.{name}") == wanted


def test_commits_of_different_streams_are_on_their_way_together() -> None:
    store = ImportStore(patience=4)
    lines = [a_line(stream, n) for n in range(3) for stream in "abcd"]

    imported(store, *lines)

    assert store.most_in_flight == 4
    assert all(store.numbers(f"order.{s}") == [0, 1, 2] for s in "abcd")


def test_adjacent_lines_of_one_commit_id_are_one_commit() -> None:
    store = ImportStore()

    summary = imported(
        store,
        a_line("a", 1, "x"),
        a_line("a", 2, "x"),
        a_line("a", 3, "y"),
        a_line("b", 1, "y"),
        a_line("b", 2),
        a_line("b", 3),
    )

    assert summary.commits == 5
    assert (
        len(store.ids["order.a", next(c for s, c in store.ids if s == "order.a")]) == 2
    )


def test_the_commit_id_coming_again_later_is_a_bad_line() -> None:
    lines = [a_line("a", 1, "x"), a_line("a", 2, "y"), a_line("a", 3, "x")]

    assert refusals(*lines) == [(3, 1)]


def test_the_same_event_again_is_a_bad_line() -> None:
    assert refusals(a_line("a", 1), a_line("a", 1)) == [(2, 1)]


def test_another_stream_may_use_the_commit_id() -> None:
    assert refusals(a_line("a", 1, "x"), a_line("b", 1, "x")) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (BAD, "it is not JSON"),
        (b"[]\n", "it is not a JSON object"),
        (a_line("a", 9, time=None), "it has no time"),
        (a_line("a", 9, id="9"), "id must be a UUID with hyphens"),
        (a_line("a", 9, type="Unknown"), "the type is not known"),
        (a_line("a", 1), "its event came before in this file, for the same stream"),
        (b"x" * (3 * MAX_LINE_BYTES) + b"\n", TOO_LONG),
        (b" " * (3 * MAX_LINE_BYTES) + b"\n", TOO_LONG),
        (b" " * 1_200_000 + a_line("a", 9)[:-1] + b" " * 700_000 + b"\n", TOO_LONG),
        (a_line("a", 9)[:-1] + b" " * MAX_LINE_BYTES + b"\n", TOO_LONG),
    ],
)
@pytest.mark.parametrize("skip_bad", [False, True])
def test_a_bad_line_is_reported_and_nothing_of_it_is_written(
    bad: bytes, reason: str, *, skip_bad: bool
) -> None:
    store, found = ImportStore(), list[Refusal]()

    summary = imported(
        store,
        *(a_line("a", 1), a_line("a", 2), bad, a_line("a", 3)),
        skip_bad=skip_bad,
        on_refusal=found.append,
    )

    assert [(r.line, r.reason) for r in found] == [(3, reason)]
    assert store.numbers("order.a") == ([1, 2, 3] if skip_bad else [1, 2])
    assert summary.bad == 1
    assert summary.end is (End.COMPLETE if skip_bad else End.BAD_LINE)
    assert summary.reached == (5 if skip_bad else 3)
    assert not summary.is_good


@pytest.mark.parametrize(
    "bad",
    [
        BAD,  # nobody knows whose it is, but it stands in the midst of the commit
        a_line("a", 9, "x", time=None),
        a_line("a", 9, "x")[:-3] + b"\n",
        a_line("a", 9, "x", type="Unknown"),
    ],
)
def test_a_bad_line_takes_its_commit_with_it(bad: bytes) -> None:
    store = ImportStore()
    lines = [
        a_line("a", 1),
        a_line("a", 2, "x"),
        bad,
        a_line("a", 3, "x"),
        a_line("a", 4),
    ]

    summary = imported(store, *lines, skip_bad=True)

    assert store.numbers("order.a") == [1, 4]
    assert summary.bad == 3
    assert summary.lines == summary.events + summary.bad


@pytest.mark.parametrize("position", [0, 2])
def test_a_torn_line_at_a_commits_edge_takes_it_along_too(position: int) -> None:
    store = ImportStore()
    lines = [a_line("a", 2, "x"), a_line("a", 3, "x")]
    lines.insert(position, a_line("a", 9, "x") + b"}")
    lines[position] = a_line("a", 9, "x").rstrip() + b"}\n"

    imported(store, a_line("a", 1, "w"), *lines, a_line("a", 4, "y"), skip_bad=True)

    assert store.numbers("order.a") == [1, 4]


def test_a_torn_line_between_two_commits_takes_neither_along() -> None:
    store = ImportStore()

    imported(store, a_line("a", 1, "x"), BAD, a_line("a", 2, "y"), skip_bad=True)

    assert store.numbers("order.a") == [1, 2]


def test_stopped_in_the_midst_of_a_commit_the_import_goes_on_at_its_first_line() -> (
    None
):
    store = ImportStore()
    lines = [a_line("a", 1), a_line("a", 2, "x"), BAD, a_line("a", 4, "x")]
    stopped = imported(store, *lines)
    assert store.numbers("order.a") == [1]
    assert stopped.reached == 2
    lines[2] = a_line("a", 3, "x")

    summary = imported(store, *lines, from_line=stopped.reached)

    assert store.numbers("order.a") == [1, 2, 3, 4]
    assert (summary.lines, summary.appended, summary.replayed) == (3, 3, 0)
    assert summary.is_good


def test_nobody_starts_in_the_midst_of_a_commit_unawares() -> None:
    store, found = ImportStore(), list[Refusal]()

    imported(
        store,
        *(a_line("a", 1, "x"), a_line("a", 2, "x"), a_line("a", 3, "y")),
        from_line=2,
        on_refusal=found.append,
        skip_bad=True,
    )

    assert [(r.line, r.lines) for r in found] == [(2, 1)]
    assert "start there" in found[0].reason
    assert store.numbers("order.a") == [3]


def test_a_start_behind_the_end_imports_nothing() -> None:
    summary = imported(ImportStore(), a_line("a", 1), from_line=7)

    assert (summary.lines, summary.events) == (0, 0)


def test_what_the_store_refuses_is_a_bad_line_with_its_number() -> None:
    store = ImportStore()
    imported(store, a_line("a", 1, "x"))

    summary = imported(
        store,
        *(a_line("b", 1), a_line("a", 1, "y"), a_line("a", 2), a_line("b", 2)),
        limits=Limits(in_flight=1),
    )

    assert summary.bad == 1
    assert summary.reached == 2
    assert store.numbers("order.a") == [
        1
    ]  # what comes behind the bad line must not overtake it


def test_an_erased_subject_is_a_bad_line() -> None:
    store = ImportStore()
    store.troubles.append(SubjectErased())

    summary = imported(store, a_line("a", 1), a_line("b", 1), skip_bad=True)

    assert (summary.bad, summary.events) == (1, 1)


def test_a_commit_of_too_many_lines_is_refused_as_a_whole() -> None:
    lines = [a_line("a", n, "x") for n in range(1_001)]

    assert refusals(*lines, a_line("a", 5_000)) == [(1, 1_001)]


def test_a_commit_of_too_many_bytes_is_not_kept_in_memory() -> None:
    big = "x" * 900_000
    lines = [a_line("a", n, "x", data={"n": n, "big": big}) for n in range(10)]

    assert refusals(*lines) == [(1, 10)]


@pytest.mark.parametrize(
    "trouble",
    [LogUnavailable("no leader"), AppendOutcomeUnknown(uid("x"), "order.a")],
)
def test_a_trouble_that_passes_is_tried_again_under_the_same_id(
    trouble: BaseException,
) -> None:
    store = ImportStore(patience=2)
    store.troubles.extend([trouble, None, trouble])
    lines = [a_line(stream, n) for n in range(4) for stream in "ab"]

    summary = imported(store, *lines)
    store.answer()

    assert summary.is_good
    assert store.numbers("order.a") == store.numbers("order.b") == [0, 1, 2, 3]


def test_a_trouble_that_does_not_pass_ends_the_import_at_its_line() -> None:
    store = ImportStore()
    store.troubles.extend([None] + [LogUnavailable("no leader")] * 1_000)

    summary = imported(
        store, *(a_line("a", n) for n in range(5)), clock=FakeClock(step=100.0)
    )

    assert summary.end is End.GAVE_UP
    assert isinstance(summary.error, LogUnavailable)
    assert summary.reached == 2
    assert store.numbers("order.a") == [0]


def test_a_trouble_that_cannot_pass_ends_the_import_at_once() -> None:
    store = ImportStore()
    error = LogTruncated("eventstore.order", 0, cursor=5, found="it ends at 3")
    store.troubles.append(error)

    summary = imported(store, a_line("a", 1), a_line("b", 1))

    assert (summary.end, summary.error, summary.reached) == (End.GAVE_UP, error, 1)


def test_an_interrupted_import_says_the_line_reached_and_goes_on_from_there() -> None:
    store, interrupt = ImportStore(), Interrupt()
    lines = [a_line(stream, n, n) for n in range(20) for stream in "abc"]
    store.on_submit = lambda: interrupt.request() if len(store.commits) > 10 else None

    stopped = imported(store, *lines, interrupt=interrupt)

    assert stopped.end is End.INTERRUPTED
    assert 0 < stopped.events < 60
    store.on_submit = lambda: None
    finished = imported(store, *lines, from_line=stopped.reached)
    assert finished.is_good
    assert all(store.numbers(f"order.{s}") == list(range(20)) for s in "abc")


def test_every_line_before_the_one_reached_is_done() -> None:
    store, interrupt = ImportStore(), Interrupt()
    lines = [a_line("a", n) for n in range(9)]
    store.on_submit = lambda: interrupt.request() if len(store.commits) == 4 else None

    stopped = imported(store, *lines, interrupt=interrupt)

    assert store.numbers("order.a") == list(range(stopped.reached - 1))


def test_a_read_that_waits_for_input_can_be_interrupted() -> None:
    interrupt = Interrupt()

    class Pipe(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            interrupt.request()  # as the signal handler does in the midst of a read
            raise AssertionError(signal.SIGINT)

    assert Lines(Pipe(), interrupt).read() is None
    assert interrupt.requested
    assert not interrupt.reading


def test_a_silent_pipe_does_not_keep_what_was_read_from_being_sent() -> None:
    receiver, sender = os.pipe()
    lines = [a_line("a", n) for n in range(50)]
    os.write(sender, b"".join(lines[:49]))

    with BusyStore() as store, os.fdopen(receiver, "rb", buffering=0) as pipe:

        def finish() -> None:
            if len(store.commits) == 48:
                os.write(sender, lines[49])
                os.close(sender)

        store.on_submit = finish
        summary = import_events(pipe, store_of(store), clock=FakeClock())

    assert summary.is_good
    assert store.numbers("order.a") == list(range(50))


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("size", [1, 3, 1_000_000])
def test_lines_are_the_same_however_they_arrive(ends: bytes, size: int) -> None:
    class Trickle(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            return super().read(size)

    lines = Lines(
        Trickle(ends.join([b"one", b"", b"three", b"x" * 9, b"last"])), Interrupt()
    )

    read = iter(lines.read, None)

    assert [(line.number, line.content) for line in read] == [
        (1, b"one"), (2, b""), (3, b"three"), (4, b"x" * 9), (5, b"last")
    ]  # fmt: skip


@pytest.mark.parametrize("size", [100_000, 5_000_000])
@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_how_a_line_arrives_does_not_decide_whether_it_is_too_long(
    size: int, spare: int
) -> None:
    class Gulps(BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            return super().read(size)

    blanks = b" " * (MAX_LINE_BYTES + spare - 1)
    lines = Lines(Gulps(b"x" + blanks + b"\nlast"), Interrupt())

    read = lines.read()

    assert read is not None
    assert (read.content == b"x") is (spare <= 0)
    assert (len(read.content) > MAX_LINE_BYTES) is (spare > 0)
    assert read.size == len(blanks) + 2


def test_a_line_of_many_megabytes_is_not_kept_in_memory() -> None:
    tracemalloc.start()
    lines = Lines(_Endless(50_000_000), Interrupt())

    read = lines.read()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read is not None
    assert read.size == 50_000_001
    assert MAX_LINE_BYTES < len(read.content) < 2 * MAX_LINE_BYTES
    assert lines.read() is None
    assert peak < 10_000_000


class _Endless:
    """A file of one line of so many bytes."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int, /) -> bytes:
        """See the port."""
        size = min(size, self._left)
        self._left -= size
        return b"x" * size

    def fileno(self) -> int:
        """See the port."""
        raise OSError


def test_progress_ends_with_all_bytes_of_the_file() -> None:
    seen: list[tuple[int, int]] = []
    lines = [a_line("a", 1), b"\n", BAD, a_line("a", 2, "x"), a_line("a", 3, "x")]

    imported(
        ImportStore(),
        *lines,
        skip_bad=True,
        on_progress=lambda *done: seen.append(done),
    )

    assert seen[-1] == (3, sum(map(len, lines)))


def test_seen_remembers_all_and_takes_few_bytes() -> None:
    seen = Seen()
    ids = [(f"order.{n % 7}", UUID(int=n)) for n in range(5_000)]

    assert all(seen.add(*each) for each in ids)
    assert not any(seen.add(*each) for each in ids)
    assert seen._slots.itemsize * len(seen._slots) <= 24 * len(ids) * 2
