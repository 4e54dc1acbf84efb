"""One stream is held against the log in bounds: every planted difference is found, none is invented, and what was not asked is said."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.errors import LogUnanswered
from eventstore.upkeep.verifier.stream import StreamFindings, verify_stream
from tests.support.worlds import World, changed

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.ports import Batch


class Shared:
    """The test's log; who looks closes its own adapter, and not this one. silent_after: reads until it does not answer any more."""

    def __init__(self, world: World, silent_after: int | None = None) -> None:
        self._log = world.log
        self._left = silent_after
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, place: Place, offset: int, *, max_bytes: int = 1) -> Batch:
        """One record at a time."""
        del max_bytes
        if self._left is not None and self.reads >= self._left:
            raise LogUnanswered("a test says so")  # noqa: EM101  (a reason, no message)
        self.reads += 1
        return self._log.read(place, offset, max_bytes=1)

    def close(self) -> None:
        """Not this one's."""


@pytest.fixture
def stream(world: World) -> str:
    """Versions 1 to 4 in three commits, between those of another stream of the same partition."""
    here, name, other = world.store(), world.stream(n=0), world.stream(n=1)
    here.append(name, [changed(), changed()], 0)
    here.append(other, [changed()], 0)
    here.append(name, [changed()], 2)
    here.append(other, [changed()], 1)
    here.append(name, [changed()], 3)
    world.fold(here)
    return name


def look(world: World, stream: str, **how: Any) -> StreamFindings:
    log: Any = how.pop("log", None) or Shared(world)
    found = verify_stream(stream, lambda: log, **how)
    assert found is not None
    return found


def test_a_whole_stream_holds_and_says_what_was_compared(
    world: World, stream: str
) -> None:
    found = look(world, stream)

    assert found.holds
    assert (found.first, found.last, found.head) == (1, 4, 4)
    assert (found.commits, found.events, found.with_log) == (3, 4, 3)
    assert not found.has_more
    assert not found.is_silent


def test_a_stream_that_is_not_there_is_none(world: World, stream: str) -> None:
    log: Any = Shared(world)

    assert verify_stream("nobody.x", lambda: log) is None
    assert verify_stream("", lambda: log) is None


@pytest.mark.parametrize("commits", [1, 2, 3, 4])
@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_looks_one_behind_the_other_cover_all_of_it(
    world: World, stream: str, commits: int, first: int
) -> None:
    begins = {1: 1, 2: 1, 3: 3, 4: 4}[first]  # of the commit that holds the version
    seen: list[int] = []
    at = first
    while True:
        found = look(world, stream, first=at, commits=commits)
        assert found.holds, found.differences
        seen += range(found.first, found.last + 1)
        if not found.has_more:
            break
        at = found.last + 1

    assert seen == list(range(begins, 5))


def test_beyond_the_end_there_is_nothing_to_compare(world: World, stream: str) -> None:
    found = look(world, stream, first=5)

    assert (found.commits, found.first, found.last) == (1, 4, 4)
    assert found.holds


def test_time_that_is_over_leaves_the_log_unasked_and_says_so(
    world: World, stream: str
) -> None:
    ticks = count()

    found = look(world, stream, seconds=2, clock=lambda: float(next(ticks)))

    assert found.holds
    assert (found.commits, found.with_log) == (3, 1)
    assert not found.is_silent


@pytest.mark.parametrize("reads", [0, 1, 2])
def test_a_log_that_does_not_answer_is_said_and_the_mirror_is_compared(
    world: World, stream: str, reads: int
) -> None:
    found = look(world, stream, log=Shared(world, silent_after=reads))

    assert found.holds
    assert found.is_silent
    assert (found.commits, found.with_log) == (3, reads)


def plant(world: World, sql: str, *params: object) -> None:
    assert len(world.query(f"{sql} RETURNING 1", *params)) == 1


def wrong(found: StreamFindings) -> str:
    assert not found.holds
    return " ".join(found.differences)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("value = 'x'::bytea", "the mirror's row differs in value"),
        ("hash = 'x'::bytea", "the mirror's row differs in hash"),
        ("commit_id = gen_random_uuid()", "the mirror's row differs in commit_id"),
        ("event_count = 2", "the mirror's row differs in event_count"),
        ("verdict = 2", "the mirror's row differs in verdict"),
        ("head = 9", "the mirror's row differs in head"),
        ("recorded_at = recorded_at - interval '1 s'", "differs in recorded_at"),
    ],
)  # fmt: skip
def test_every_column_of_the_mirror_is_held_against_the_log(
    world: World, stream: str, change: str, what: str
) -> None:
    plant(
        world,
        f"UPDATE eventstore_record SET {change} WHERE stream_id = %s AND first_version = 3",  # noqa: S608
        stream,
    )

    assert what in wrong(look(world, stream))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("event_id = gen_random_uuid()", "differs in event_id"),
        ("event_type = 'Other'", "differs in event_type"),
        ("occurred_at = occurred_at - interval '1 s'", "differs in occurred_at"),
        ("correlation_id = gen_random_uuid()", "differs in correlation_id"),
        ("position = position + 1", "lacks a row that the log demands"),
        ("position = position + 1024 * 5000", "a row that no commit demands"),
    ],
)  # fmt: skip
def test_every_column_of_the_index_is_held_against_the_log(
    world: World, stream: str, change: str, what: str
) -> None:
    plant(
        world,
        f"UPDATE eventstore_event SET {change} WHERE stream_id = %s AND version = 4",  # noqa: S608
        stream,
    )

    assert what in wrong(look(world, stream))


def test_a_commit_that_is_gone_is_missed(world: World, stream: str) -> None:
    plant(world, "DELETE FROM eventstore_record WHERE stream_id = %s AND first_version = 3", stream)  # fmt: skip

    said = wrong(look(world, stream))

    assert "version 3 is missing before it" in said
    assert "a row that no commit demands" in said


@pytest.mark.parametrize(
    ("version", "more"),
    [(3, "says version 3, its commits end at 4"), (9, "its commits end at 4")],
)
def test_a_wrong_head_is_found(
    world: World, stream: str, version: int, more: str
) -> None:
    plant(world, "UPDATE eventstore_stream SET version = %s WHERE stream_id = %s", version, stream)  # fmt: skip

    assert more in wrong(look(world, stream))


def test_what_comes_while_it_looks_is_no_difference(world: World, stream: str) -> None:
    writer = world.store()

    class Meanwhile(Shared):
        def read(self, place: Place, offset: int, *, max_bytes: int = 1) -> Batch:
            if not self.reads:
                writer.append(stream, [changed()], 4)
                world.fold(writer)
            return super().read(place, offset, max_bytes=max_bytes)

    found = look(world, stream, log=Meanwhile(world))

    assert found.holds
    assert (found.last, found.head) == (4, 4)
    assert look(world, stream).last == 5


def test_a_log_that_holds_other_bytes_differs_though_the_mirror_agrees_with_itself(
    world: World, stream: str
) -> None:
    place = world.place(stream)
    records = _records(world, place)
    other = [(key, value.replace(b"{", b"{ ", 1)) for key, value in records]
    world.replace_log(place, other)

    assert "the mirror's row differs in" in wrong(look(world, stream))


def test_a_log_that_has_lost_the_end_says_so(world: World, stream: str) -> None:
    place = world.place(stream)
    world.replace_log(place, _records(world, place)[:2])

    said = wrong(look(world, stream))

    assert "the log cannot show it" in said or "nothing there" in said


def _records(world: World, place: Place) -> list[tuple[bytes | None, bytes]]:
    found: list[tuple[bytes | None, bytes]] = []
    while len(found) < world.end(place):
        batch = world.log.read(place, len(found))
        found += [(one.key, one.value or b"") for one in batch.records]
    return found


def test_its_own_adapter_is_closed(world: World, stream: str) -> None:
    closed: list[bool] = []

    class Closing(Shared):
        def close(self) -> None:
            closed.append(True)

    look(world, stream, log=Closing(world))

    assert closed == [True]
