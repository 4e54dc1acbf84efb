"""Commits that wait for the appender: bounded in number and bytes, each place in its turn, its own order kept."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.appender.pending import Pending
from eventstore.appender.waiting import _OVERHEAD, Limits, Waiting
from eventstore.appender.work import Work
from eventstore.clock import SystemClock
from eventstore.events import Commit, Expected, Place
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = [Place("eventstore.order", n) for n in range(3)]
_numbers = count()


SEALER = KeySealer(MemoryKeys())


def pending(place: int = 0, size: int = 10) -> Pending:
    """A commit of so many bytes, with its overhead."""
    stream = f"order.{next(_numbers)}"
    commit = Commit(uuid4(), stream, Expected.ANY, ())
    value = b"x" * (size - _OVERHEAD)
    return Pending(commit, value, PLACES[place], 0.0, SEALER, fresh=True)


def waiting(*, capacity: int = 1_000, max_bytes: int = 10**9) -> Waiting:
    """An empty one."""
    return Waiting(Limits(capacity, max_bytes))


def filled(queue: Waiting, place: int, size: int = _OVERHEAD) -> int:
    """How many of a place it takes."""
    n = 0
    while queue.has_room(one := pending(place, size)):
        queue.add(one)
        n += 1
    return n


@pytest.mark.parametrize(
    ("capacity", "first", "second", "third"),
    [(1, 1, 0, 0), (2, 1, 1, 0), (3, 2, 1, 0), (8, 4, 2, 1), (100, 50, 25, 13)],
)
def test_a_flooded_place_leaves_room_for_the_others(
    capacity: int, first: int, second: int, third: int
) -> None:
    queue = waiting(capacity=capacity)

    assert [filled(queue, n) for n in range(3)] == [first, second, third]


def test_a_place_may_take_as_many_bytes_as_it_leaves_free() -> None:
    queue = waiting(max_bytes=100_000)

    assert filled(queue, 0, size=10_000) == 5
    assert filled(queue, 1, size=10_000) == 3
    assert filled(queue, 2, size=50_000) == 0


def test_one_commit_that_is_larger_than_all_room_is_taken_if_it_is_alone() -> None:
    queue = waiting(max_bytes=1)

    assert filled(queue, 0, size=5_000) == 1
    assert filled(queue, 1, size=5_000) == 0


def test_bytes_count_until_the_answer_and_not_only_while_it_waits() -> None:
    queue = waiting(max_bytes=10_000)
    queue.add(first := pending(0, 6_000))
    assert queue.take() is first
    assert not queue.has_room(pending(1, 6_000))

    queue.resolved([first])

    assert queue.has_room(pending(1, 6_000))


def test_places_take_turns() -> None:
    queue = waiting()
    flood = [pending(0) for _ in range(5)]
    late = [pending(1), pending(1)]
    for one in [*flood, *late]:
        queue.add(one)

    order = list(iter(queue.take, None))

    assert order == [flood[0], late[0], flood[1], late[1], *flood[2:]]


def test_a_place_that_may_not_is_passed_over_and_keeps_its_order() -> None:
    queue = waiting()
    stuck, free = [pending(0), pending(0)], pending(1)
    for one in [*stuck, free]:
        queue.add(one)

    assert queue.take({PLACES[0]}) is free
    assert queue.take({PLACES[0]}) is None
    assert [queue.take(), queue.take()] == stuck


def test_what_is_put_back_comes_first_again() -> None:
    queue = waiting()
    ones = [pending(0) for _ in range(3)]
    for one in ones:
        queue.add(one)
    taken = [queue.take(), queue.take()]

    queue.put_back([one for one in taken if one is not None])

    assert list(iter(queue.take, None)) == ones


def test_what_is_put_back_waits_though_nothing_else_does_there() -> None:
    queue = waiting(capacity=4)
    ones = [pending(0), pending(0)]
    for one in ones:
        queue.add(one)
    for _ in ones:
        assert queue.take() is not None

    queue.put_back(ones)

    assert len(queue) == 2
    assert not queue.has_room(pending(0))
    assert list(iter(queue.take, None)) == ones
    assert len(queue) == 0


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "take", "resolve"]),
        st.integers(0, 2),
        st.integers(_OVERHEAD, 5_000),
    ),
    max_size=60,
)


@given(steps, st.integers(1, 6), st.integers(1, 20_000))
def test_it_is_what_a_simple_model_says(
    given_steps: Sequence[Step], capacity: int, max_bytes: int
) -> None:
    queue, model = waiting(capacity=capacity, max_bytes=max_bytes), Model()

    for what, place, size in given_steps:
        getattr(model, what)(queue, pending(place, size), capacity, max_bytes)

        assert len(queue) == len(model.line)
    left = list(iter(queue.take, None))
    for n in range(3):
        mine = [one for one in model.line if one.place == PLACES[n]]
        assert [one for one in left if one.place == PLACES[n]] == mine


class Model:
    """Everything in plain lists."""

    def __init__(self) -> None:
        self.line: list[Pending] = []
        self.taken: list[Pending] = []

    def add(self, queue: Waiting, one: Pending, capacity: int, max_bytes: int) -> None:
        there = [*self.line, *self.taken]
        mine = [p for p in there if p.place == one.place]
        lined = [p for p in self.line if p.place == one.place]
        free = max_bytes - sum(len(p.value) + _OVERHEAD for p in there)
        wanted = sum(len(p.value) + _OVERHEAD for p in [*mine, one])
        room = len(lined) < capacity - len(self.line) and (not there or wanted <= free)
        assert queue.has_room(one) == room
        if room:
            queue.add(one)
            self.line.append(one)

    def take(self, queue: Waiting, *_: Any) -> None:
        one = queue.take()
        assert (one is None) == (not self.line)
        if one is not None:
            assert one is next(p for p in self.line if p.place == one.place)
            self.line.remove(one)
            self.taken.append(one)

    def resolve(self, queue: Waiting, *_: Any) -> None:
        if self.taken:
            queue.resolved([self.taken.pop(0)])


# ---- what a turn takes of them


def batches(sizes: Sequence[int], **limits: int) -> list[list[int]]:
    """The bytes of the commits of each turn."""
    queue, found = waiting(), list[list[int]]()
    work = Work(SystemClock(), Limits(**limits))
    for size in sizes:
        queue.add(pending(0, _OVERHEAD + size))
    while queue:
        work.take_from(queue, lambda _: False)
        found.append([len(one.value) for one in work.batch])
    return found


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_turn_takes_so_many_commits(most: int) -> None:
    assert (
        batches([5, 5, 5, 5, 5], batch=most)
        == {
            1: [[5], [5], [5], [5], [5]],
            2: [[5, 5], [5, 5], [5]],
            3: [[5, 5, 5], [5, 5]],
        }[most]
    )


@given(st.lists(st.integers(0, 4), max_size=8), st.integers(1, 9))
def test_a_turn_ends_with_the_commit_that_fills_its_bytes(
    sizes: list[int], most: int
) -> None:
    found = batches(sizes, batch_bytes=most)

    assert [size for batch in found for size in batch] == sizes
    for batch in found:
        assert sum(batch[:-1]) < most
    for batch in found[:-1]:
        assert sum(batch) >= most


def test_what_is_tried_again_counts_among_the_bytes_of_its_turn() -> None:
    queue = waiting()
    work = Work(SystemClock(), Limits(batch_bytes=6))
    work.unsettled = [pending(0, _OVERHEAD + 5)]
    for _ in range(2):
        queue.add(pending(1, _OVERHEAD + 5))

    work.take_from(queue, lambda _: False)

    assert (len(work.batch), len(queue)) == (2, 1)
