"""A builder's batch, without a database: what is due becomes a snapshot or a problem, until a bound leaves the rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.errors import StateWithheld
from eventstore.queries.snapshots import Due
from eventstore.snapshots import Snapshot, Stamp
from eventstore.snapshots.builder.batch import Batch, Bounds, replayed
from eventstore.snapshots.builder.building import Built
from eventstore.snapshots.builder.replaying import GAP, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def due(*of: tuple[str, int]) -> list[Due]:
    """These versions."""
    return [Due(n, stream, version) for n, (stream, version) in enumerate(of)]


def snapshot(stream: str, version: int, size: int = 5) -> Snapshot:
    """A state of so many bytes."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Snapshot(stream, version, UUID(int=1), at, Stamp(1, b""), b"x" * size)


def problem(stream: str, version: int, *, ends: bool) -> Problem:
    """In the place of one."""
    return Problem(stream, version, GAP, "it has a gap", ends)


def batch_of(wanted: Sequence[Due]) -> Batch:
    """Where nothing is done yet."""
    return Batch({(one.stream_id, one.version): one for one in wanted})


@dataclass
class Clock:
    """Each look at it takes a second."""

    at: float = 0.0

    def monotonic(self) -> float:
        """See the port."""
        self.at += 1
        return self.at


@dataclass
class Replay:
    """Says of each version a snapshot, unless another thing is to be said."""

    instead: dict[tuple[str, int], Problem] = field(default_factory=dict)
    events: int = 40

    def of(self, stream: str, wanted: Sequence[Due]) -> Iterator[Snapshot | Problem]:
        """See `builder.replaying`."""
        for one in wanted:
            self.events += 10
            said = self.instead.get((stream, one.version))
            yield said or snapshot(stream, one.version)
            if said and said.ends:
                return


def made(replay: Replay, wanted: Sequence[Due], **bounds: Any) -> Batch:
    """A batch."""
    return replayed(replay, wanted, Clock(), Bounds(**bounds))  # type: ignore[arg-type]


WANTED = due(("a", 5), ("b", 5), ("a", 10), ("b", 10))
IN_ORDER = [("a", 5), ("a", 10), ("b", 5), ("b", 10)]  # stream by stream


def test_all_that_is_due_is_made_stream_by_stream() -> None:
    batch = made(Replay(), WANTED, seconds=100)

    assert [(one.stream_id, one.version) for one in batch.snapshots] == IN_ORDER
    assert (batch.undone, batch.problems) == ({}, {})
    assert (batch.events, batch.size) == (40, 20)


@pytest.mark.parametrize(
    ("bounds", "many"),
    [
        ({"size": 0}, 1),  # at least one
        ({"size": 5}, 1),
        ({"size": 6}, 2),
        ({"size": 11}, 3),
        ({"size": 20}, 4),
        ({"seconds": 0}, 1),
        ({"seconds": 1}, 1),
        ({"seconds": 2}, 2),
        ({"seconds": 3}, 3),
    ],
)
def test_a_bound_leaves_the_rest_to_the_next_batch(
    bounds: dict[str, Any], many: int
) -> None:
    batch = made(Replay(), WANTED, **{"seconds": 100, **bounds})

    assert [(one.stream_id, one.version) for one in batch.snapshots] == IN_ORDER[:many]
    assert sorted(batch.undone) == IN_ORDER[many:]
    assert batch.events == 10 * many


def test_a_problem_that_ends_its_stream_takes_along_what_follows_of_it() -> None:
    broken = problem("a", 5, ends=True)

    batch = made(Replay({("a", 5): broken}), WANTED, seconds=100)

    assert batch.problems == {"a": broken}
    assert [(one.stream_id, one.version) for one in batch.snapshots] == IN_ORDER[2:]
    assert batch.undone == {}


def test_a_version_that_cannot_be_kept_holds_up_no_other_and_the_first_is_told() -> (
    None
):
    first, second = problem("a", 5, ends=False), problem("a", 10, ends=False)
    replay = Replay({("a", 5): first, ("a", 10): second})

    batch = made(replay, WANTED, seconds=100)

    assert batch.problems == {"a": first}
    assert [one.stream_id for one in batch.snapshots] == ["b", "b"]
    assert batch.undone == {}


def test_a_state_that_may_not_be_kept_is_counted_and_no_problem_of_its_stream() -> None:
    withheld = Problem("a", 5, StateWithheld.code, "something was withheld", ends=False)
    again = replace(withheld, version=10)
    replay = Replay({("a", 5): withheld, ("a", 10): again})

    batch = made(replay, WANTED, seconds=100)

    assert batch.withheld == 2
    assert (batch.problems, batch.undone) == ({}, {})
    assert made(Replay(), WANTED, seconds=100).withheld == 0


def test_what_nobody_has_asked_for_is_taken_too() -> None:
    batch = batch_of(due(("a", 5), ("b", 5)))

    batch.take(problem("a", 3, ends=True))

    assert [*batch.undone] == [("b", 5)]


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        (False, False, False),
        (True, False, True),
        (False, True, True),
        (True, True, True),
    ],
)
def test_turns_add_up(one: bool, other: bool, more: bool) -> None:  # noqa: FBT001
    first, second = problem("a", 5, ends=True), problem("b", 5, ends=True)

    whole = Built(2, 3, [first], one) + Built(20, 30, [second], other)

    assert whole == Built(22, 33, [first, second], more)
