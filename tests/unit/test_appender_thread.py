"""The appender's thread, step by step and without one: who is let come back, what a drain leaves, who is failed."""

from __future__ import annotations

import atexit
import os
from concurrent.futures import Future
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.appender import thread
from eventstore.appender.pending import Pending
from eventstore.appender.thread import Appender
from eventstore.appender.waiting import Limits
from eventstore.appender.work import Job, Work
from eventstore.errors import AppendOutcomeUnknown, LogUnanswered, LogUnavailable
from eventstore.events import Commit, Expected, Place
from eventstore.indexer.share import ShareSpent
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Callable


SEALER = KeySealer(MemoryKeys())


class Clock:
    """A monotonic clock that stands at 100 until somebody turns it."""

    at = 100.0

    def monotonic(self) -> float:
        """See the port."""
        return self.at


class Held(Appender):
    """One whose thread is not started."""

    def _wake(self, refusal: Any = LogUnavailable) -> None:
        if self._closing:
            msg = "closing"
            raise refusal(msg)


def held(clock: Clock | None = None, **limits: Any) -> Held:
    """With these limits."""
    return Held(lambda: pytest.fail("no thread"), clock or Clock(), Limits(**limits))  # type: ignore[arg-type]


def pending(left_s: float = 50, **known: Any) -> Pending:
    """A commit whose caller waits so many seconds from 100 on."""
    commit = Commit(uuid4(), "order.1", Expected.ANY, ())
    place = Place("eventstore.order", 0)
    return Pending(commit, b"x", place, 100 + left_s, SEALER, fresh=True, **known)


class Room:
    """A lock that nobody else wants, in which a wait turns the clock. notified: how much was queued then."""

    def __init__(self, appender: Appender, clock: Clock) -> None:
        self._appender, self._clock = appender, clock
        self.waits: list[float | None] = []
        self.notified: list[int] = []
        appender._changed = self  # type: ignore[assignment]

    def __enter__(self) -> None:
        """See `threading.Condition`."""

    def __exit__(self, *_raised: object) -> None:
        """See there."""

    def wait(self, seconds: float | None) -> None:
        """See there."""
        self.waits.append(seconds)
        self._clock.at += seconds or 0

    def notify_all(self) -> None:
        """See there."""
        self.notified.append(len(self._appender._queue))


# ---- room


def test_who_finds_no_room_waits_until_the_deadline() -> None:
    clock = Clock()
    appender = held(clock, commits=1)
    room = Room(appender, clock)
    appender.submit(pending())

    with pytest.raises(LogUnavailable):
        appender.submit(pending(0.5))

    assert room.waits == [0.5]


@pytest.mark.parametrize("left_s", [0, -1])
def test_who_finds_no_room_until_the_deadline_is_told_that_nothing_was_written(
    left_s: float,
) -> None:
    appender = held(commits=1)
    appender.submit(pending())

    with pytest.raises(LogUnavailable):
        appender.submit(pending(left_s))


def test_who_only_offers_does_not_wait_for_room() -> None:
    appender = held(commits=1)

    assert [appender.offer(pending()) for _ in range(2)] == [True, False]
    assert len(appender._queue) == 1


def test_who_waits_for_room_is_woken_by_a_close() -> None:
    """It is refused as one that comes later is, and does not wait for its deadline."""
    appender = held(commits=1)
    appender.submit(pending())
    appender._closing = True

    with pytest.raises(LogUnavailable, match="closing"):
        appender.submit(pending())


# ---- its life


def test_a_fork_begins_anew_and_an_end_drains(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: dict[str, Callable[[], object]] = {}
    monkeypatch.setattr(
        os,
        "register_at_fork",
        lambda *, after_in_child: hooks.update(fork=after_in_child),
    )
    monkeypatch.setattr(atexit, "register", lambda hook: hooks.update(end=hook))
    appender = held()
    queue, inherited = appender._queue, len(thread._inherited)
    appender.submit(pending())

    hooks["fork"]()
    assert len(appender._queue) == 0
    assert any(one is queue for one in thread._inherited[inherited])  # type: ignore[attr-defined]
    hooks["end"]()
    with pytest.raises(LogUnavailable):
        appender.submit(pending())


def test_nobody_is_called_for_an_appender_that_is_gone() -> None:
    called: list[int] = []

    thread._call(None)
    thread._call(lambda: called.append(1))

    assert called == [1]


@pytest.mark.parametrize("alive", [True, False])
def test_a_close_says_whether_the_queue_was_drained_in_time(alive: bool) -> None:  # noqa: FBT001
    waited: list[float] = []
    appender = held()
    appender.submit(pending())
    appender._thread = SimpleNamespace(join=waited.append, is_alive=lambda: alive)  # type: ignore[assignment]

    with capture_logs() as lines:
        assert appender.close(3.0) is not alive

    assert waited == [3.0]
    assert [line["action"] for line in lines] == ["appender-undrained"] * alive


def test_one_that_never_began_is_closed_at_once() -> None:
    assert held().close() is True


def test_a_thread_that_has_ended_has_a_successor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []

    def another(**how: Any) -> Any:
        made.append(SimpleNamespace(started=0, alive=True, how=how))
        made[-1].start = lambda: setattr(made[-1], "started", 1)
        made[-1].is_alive = lambda now=made[-1]: now.alive
        return made[-1]

    appender = Appender(lambda: pytest.fail("no thread"), Clock(), Limits())  # type: ignore[arg-type]
    monkeypatch.setattr(
        "eventstore.appender.thread.threading", SimpleNamespace(Thread=another)
    )

    appender.submit(pending())
    appender.submit(pending())
    assert [one.started for one in made] == [1]
    made[0].alive = False
    appender.submit(pending())

    assert [one.started for one in made] == [1, 1]
    assert all(one.how["daemon"] for one in made)  # it must not keep a program alive


# ---- a turn


def test_what_waits_and_who_asks_is_taken_in_hand() -> None:
    appender, hand = held(), Work(Clock())  # type: ignore[arg-type]
    first, second = pending(), pending()
    appender.submit(first)
    appender.submit(second)
    future = appender.call(lambda _indexer: None)
    back: list[Work] = []
    room = Room(appender, Clock())
    appender._let_come_back = back.append  # type: ignore[method-assign,assignment]
    metrics.APPEND_QUEUE.set(7)
    cycle: Any = SimpleNamespace(is_lost=lambda _pending: False)

    assert appender._gather(hand, cycle)

    assert (room.notified, back) == ([2, 0], [hand])
    assert hand.batch == [first, second]
    assert [job.future for job in hand.jobs] == [future]
    assert len(appender._jobs) == len(appender._queue) == 0
    assert metrics.APPEND_QUEUE._value.get() == 0
    for one in hand.batch:
        one.future.cancel()
    hand.settle(SimpleNamespace(take=lambda _batch: []))  # type: ignore[arg-type]
    appender._closing = True
    assert not appender._gather(hand, cycle)  # drained
    assert hand.answered_commits() == []


def test_a_drain_waits_for_what_is_tried_again() -> None:
    clock, waits = Clock(), pending()
    appender, hand = held(clock), Work(clock, unsettled=[waits], _due_at=103.0)  # type: ignore[arg-type]
    room = Room(appender, clock)
    appender._closing = True

    assert appender._gather(hand, SimpleNamespace(is_lost=None))  # type: ignore[arg-type]

    assert (room.waits, hand.batch) == ([3.0], [waits])


@pytest.mark.parametrize(
    ("there", "come", "answered", "waiting", "slept"),
    [
        (0, [1], 5, 0, 0),  # nobody is back
        (1, [2, 3, 4, 5, 6], 5, 0, 4),  # until all are
        (1, [2, 3, 3, 4], 5, 0, 3),  # until nobody comes any more
        (1, [2, 3, 4, 5, 6], 1, 0, 0),
        (1, [2, 3, 4, 5, 6], 2, 1, 2),
        (1, [2, 3, 4, 5, 6], 9, 0, 3),  # no more than a turn takes
        (1, [2, 3, 4, 5, 6], 0, 0, 0),  # nobody was answered
    ],
)
def test_those_who_were_answered_are_let_come_back_as_long_as_they_come(
    monkeypatch: pytest.MonkeyPatch,
    there: int,
    come: list[int],
    answered: int,
    waiting: int,
    slept: int,
) -> None:
    many = 4 if answered == 9 else 100
    appender, pauses = held(batch=many), iter(come)
    queue = [0] * there
    appender._queue = queue  # type: ignore[assignment]
    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        queue[:] = [0] * next(pauses)

    monkeypatch.setattr("eventstore.appender.thread.time", SimpleNamespace(sleep=sleep))
    hand: Any = SimpleNamespace(
        clock=Clock(), took=1.0, answered=answered, waiting=waiting
    )

    appender._let_come_back(hand)

    assert len(sleeps) == slept


def test_nobody_is_waited_for_longer_than_a_part_of_the_last_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, appender, queue = Clock(), held(), [0]
    appender._queue = queue  # type: ignore[assignment]

    def sleep(_seconds: float) -> None:
        clock.at += 1
        queue.append(0)

    monkeypatch.setattr("eventstore.appender.thread.time", SimpleNamespace(sleep=sleep))
    hand: Any = SimpleNamespace(clock=clock, took=8.0, answered=50, waiting=0)

    appender._let_come_back(hand)

    assert clock.at == 102


# ---- its life, in this thread


def test_who_asks_and_has_had_its_share_is_asked_again_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares: list[float] = []
    closed: list[str] = []
    indexer = SimpleNamespace(
        share=shares.append,
        session=None,
        close=lambda: closed.append("indexer"),
        log=SimpleNamespace(close=lambda: closed.append("log")),
    )
    monkeypatch.setattr(
        thread,
        "Cycle",
        lambda *_: SimpleNamespace(is_lost=None, take=lambda _batch: []),
    )
    appender, tries = held(share_s=0.3), [ShareSpent()]
    appender._make_indexer = lambda: indexer  # type: ignore[assignment,return-value]

    def do(_indexer: object) -> int:
        appender._closing = True
        if tries:
            raise tries.pop()
        return 3

    asked = appender.call(do)
    appender._live()

    assert asked.result(0) == 3
    assert (shares, closed) == ([0.3], ["indexer", "log"])


# ---- its death


def test_a_thread_that_dies_fails_all_that_it_held() -> None:
    appender, clock = held(commit_bytes=1), Clock()
    queued, batched, sent, done, withdrawn = (
        pending(),
        pending(),
        pending(sent=True),
        pending(),
        pending(),
    )
    done.future.set_result(None)  # type: ignore[arg-type]
    withdrawn.future.cancel()
    appender.submit(queued)
    hand = Work(clock, batch=[batched, done, withdrawn], unsettled=[sent])  # type: ignore[arg-type]
    asked, told = appender.call(lambda _indexer: 1), Future[int]()
    told.set_result(1)
    hand.jobs = [Job(lambda _indexer: 1, told)]

    room = Room(appender, clock)

    appender._fail_everything(hand, ZeroDivisionError())

    for one in (queued, batched):
        error = one.future.exception(0)
        assert isinstance(error, LogUnavailable)
        assert "ended with ZeroDivisionError" in str(error)
    assert isinstance(sent.future.exception(0), AppendOutcomeUnknown)
    assert isinstance(asked.exception(0), LogUnanswered)
    assert (done.future.exception(0), told.result(0)) == (None, 1)
    assert withdrawn.future.cancelled()
    assert (len(appender._queue), len(appender._jobs)) == (0, 0)
    assert appender._thread is None
    assert (room.notified, appender._queue.has_room(pending())) == ([0], True)
