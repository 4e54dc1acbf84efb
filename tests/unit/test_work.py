"""What the appender's thread has in hand: rivals in turn, pauses that grow, jobs that come back for more time."""

from __future__ import annotations

from concurrent.futures import Future
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import psycopg
import pytest

from eventstore.appender.pending import Pending
from eventstore.appender.waiting import Limits, Waiting
from eventstore.appender.work import Job, Work
from eventstore.errors import LogUnanswered, LogUnavailable
from eventstore.events import Commit, Expected, Place
from eventstore.indexer.share import ShareSpent
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLACE: Final = Place("eventstore.order", 0)
SEALER: Final = KeySealer(MemoryKeys())
_numbers = count()


class Clock:
    """A monotonic clock that stands at 100 until somebody turns it."""

    at = 100.0

    def monotonic(self) -> float:
        """See the port."""
        return self.at


def pending(
    left_s: float = 50, expected: int | str = "any", stream: str = ""
) -> Pending:
    """A commit whose caller waits so many seconds from 100 on."""
    stream_id = f"order.{stream or next(_numbers)}"
    commit = Commit(uuid4(), stream_id, Expected(expected), ())
    return Pending(commit, b"x", PLACE, 100 + left_s, SEALER, fresh=True)


def work(clock: Clock | None = None, **held: Any) -> Work:
    """With these in hand."""
    return Work(clock or Clock(), **held)  # type: ignore[arg-type]


def turn(left: Sequence[Pending], clock: Clock | None = None, took_s: float = 0) -> Any:
    """A cycle that leaves these, after so many seconds."""

    def take(_batch: Sequence[Pending]) -> list[Pending]:
        if clock:
            clock.at += took_s
        return list(left)

    return SimpleNamespace(take=take)


def waiting(*waits: Pending) -> Waiting:
    """A queue with these."""
    queue = Waiting(Limits())
    for one in waits:
        queue.add(one)
    return queue


def nobody_is_lost(_pending: Pending) -> bool:
    """As far as anybody knows."""
    return False


# ---- a batch


def test_of_those_that_expect_the_same_version_one_is_taken_in_a_turn() -> None:
    first, rival, other, second_rival = (
        pending(expected=3, stream="a"),
        pending(expected=3, stream="a"),
        pending(expected=4, stream="a"),
        pending(expected=3, stream="a"),
    )
    queue, hand = waiting(first, rival, other, second_rival), work()

    hand.take_from(queue, nobody_is_lost)

    assert hand.batch == [first, other]
    assert hand.waiting == len(queue) == 2
    hand.batch = []
    hand.take_from(queue, nobody_is_lost)
    assert hand.batch == [rival]


def test_those_that_have_lost_by_now_are_taken_together() -> None:
    first, lost = pending(expected=3, stream="a"), pending(expected=3, stream="a")
    hand = work()

    hand.take_from(waiting(first, lost), lambda one: one is lost)

    assert hand.batch == [first, lost]


def test_a_rival_of_what_is_tried_again_waits_too() -> None:
    again, rival = pending(expected=3, stream="a"), pending(expected=3, stream="a")
    hand = work(unsettled=[again])

    hand.take_from(waiting(rival), nobody_is_lost)

    assert hand.batch == [again]
    assert hand.waiting == 1


# ---- behind a turn


def test_a_turn_tells_how_long_it_took_and_how_many_it_answered() -> None:
    clock = Clock()
    done, left = pending(), pending()
    done.future.set_result(None)  # type: ignore[arg-type]
    hand = work(clock, batch=[done, left])
    assert (hand.took, hand.answered, hand.waiting) == (0, 0, 0)

    hand.settle(turn([left], clock, took_s=3))

    assert (hand.took, hand.answered, hand.batch) == (3, 1, [])
    assert hand.unsettled == [left]
    assert hand.answered_commits() == [done]
    assert hand.answered_commits() == []


@pytest.mark.parametrize(("left_s", "given_up"), [(1, True), (2, True), (3, False)])
def test_who_is_not_settled_at_the_deadline_is_given_up(
    left_s: float,
    given_up: bool,  # noqa: FBT001
) -> None:
    clock, waits = Clock(), pending(left_s)
    hand = work(clock, batch=[waits])

    hand.settle(turn([waits], clock, took_s=2))

    assert waits.future.done() is given_up
    assert hand.unsettled == [waits] * (not given_up)
    assert hand.answered_commits() == [waits] * given_up
    if given_up:
        assert isinstance(waits.future.exception(), LogUnavailable)


def test_pauses_grow_until_a_turn_settles_all_of_it() -> None:
    clock, waits = Clock(), pending()
    hand = work(clock)
    assert hand.pause() is None
    pauses = []
    for left in ([waits], [waits], [waits], [], [waits]):
        hand.batch, hand.unsettled = [waits], []
        hand.settle(turn(left))
        pauses.append(hand.pause())

    assert pauses == [
        pytest.approx(one) if one else None for one in (0.02, 0.04, 0.08, None, 0.02)
    ]


def test_a_turn_without_commits_leaves_the_pauses_as_they_are() -> None:
    waits, hand = pending(), work()
    for batch in ([waits], [], [waits]):
        hand.batch, hand.unsettled = batch, []
        hand.settle(turn(batch))

    assert hand.pause() == pytest.approx(0.04)


def test_whose_place_is_being_folded_gets_the_next_turn_at_once() -> None:
    folding, waits = pending(), pending()
    hand = work(batch=[waits])
    hand.settle(turn([waits]))
    folding.is_folding = True

    hand.batch, hand.unsettled = [folding, waits], []
    hand.settle(turn([folding, waits]))
    assert (hand.pause(), hand.is_due()) == (0, True)

    folding.is_folding = False
    hand.batch, hand.unsettled = [folding, waits], []
    hand.settle(turn([folding, waits]))
    assert hand.pause() == pytest.approx(0.02)


@pytest.mark.parametrize(("turned_s", "left_s"), [(0, 0.01), (0.01, 0), (5, 0)])
def test_the_first_deadline_ends_a_pause(turned_s: float, left_s: float) -> None:
    clock, waits = Clock(), pending(0.01)
    hand = work(clock, batch=[waits, patient := pending()])
    hand.settle(turn([patient, waits]))

    clock.at += turned_s

    assert hand.pause() == pytest.approx(left_s)
    assert hand.is_due() is (left_s == 0)


# ---- jobs


def job(do: Callable[[Any], Any]) -> Job:
    """A question."""
    return Job(do, Future())


def test_a_job_is_asked_and_answered() -> None:
    asked = job(lambda indexer: indexer + 1)

    assert asked.run(1)  # type: ignore[arg-type]

    assert asked.future.result(0) == 2


def test_a_job_whose_share_is_spent_comes_back_and_goes_on() -> None:
    tries = count()

    def do(_indexer: object) -> int:
        if next(tries) == 0:
            raise ShareSpent
        return 3

    asked = job(do)

    assert not asked.run(None)  # type: ignore[arg-type]
    assert not asked.future.done()
    assert asked.run(None)  # type: ignore[arg-type]
    assert asked.future.result(0) == 3


@pytest.mark.parametrize(
    "error", [LogUnanswered("away"), psycopg.OperationalError(), psycopg.DataError()]
)
def test_a_job_that_fails_tells_who_asked(error: Exception) -> None:
    def do(_indexer: object) -> None:
        raise error

    asked = job(do)

    assert asked.run(None)  # type: ignore[arg-type]
    assert asked.future.exception(0) is not None


def test_a_fault_of_ours_is_the_threads() -> None:
    def do(_indexer: object) -> None:
        raise ZeroDivisionError

    asked = job(do)

    with pytest.raises(ZeroDivisionError):
        asked.run(None)  # type: ignore[arg-type]


def test_a_job_that_nobody_waits_for_any_more_is_not_done() -> None:
    asked = job(lambda _indexer: pytest.fail("nobody asked"))
    asked.future.cancel()

    assert asked.run(None)  # type: ignore[arg-type]
