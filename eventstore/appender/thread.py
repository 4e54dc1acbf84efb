"""The appender's thread: callers put commits in a bounded queue and hold a future.

One thread a store, hence as a rule one a process, started lazily, so that it survives fork; its log and its connection are its own. What it
cannot settle it takes up again until the commit's deadline. If it dies of an error it fails what it held and is
started anew by the next call.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from eventstore import metrics
from eventstore.appender.cycle import Cycle
from eventstore.appender.waiting import Limits, Waiting
from eventstore.appender.work import Job, Work
from eventstore.errors import LogUnanswered, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.appender.pending import Pending
    from eventstore.events import AppendResult
    from eventstore.indexer.indexer import Indexer
    from eventstore.ports import Clock

logger = structlog.get_logger(__name__)

T = TypeVar("T")

_COME_BACK: Final = 0.0001  # seconds; with a sleep's own cost about twice that
_LONGEST_COME_BACK: Final = 0.25  # of the last turn's time

_inherited: Final[list[object]] = []  # what a forked child must neither use nor close


class Appender:
    """The one door: `submit` a commit, hold its future.

    make_indexer: called in the thread, once a start.
    """

    def __init__(
        self, make_indexer: Callable[[], Indexer], clock: Clock, limits: Limits
    ) -> None:
        self._make_indexer = make_indexer
        self._clock = clock
        self._limits = limits
        self._reset()
        # weakly: neither hook may keep a store alive that nobody uses any more
        begin_anew = weakref.WeakMethod(self.begin_anew)
        close = weakref.WeakMethod(self.close)
        os.register_at_fork(after_in_child=lambda: _call(begin_anew()))
        atexit.register(lambda: _call(close()))

    def submit(self, pending: Pending) -> Future[AppendResult]:
        """Queue the commit. While the queue is full, waits; raises `LogUnavailable` at the commit's deadline."""
        with self._changed:
            while not (self._closing or self._queue.has_room(pending)):
                left = pending.deadline - self._clock.monotonic()
                if left <= 0:
                    raise LogUnavailable(self._queue.full())
                self._changed.wait(left)
            self._add(pending)
        return pending.future

    def offer(self, pending: Pending) -> bool:
        """Queue the commit if there is room now; False if `submit` would have to wait."""
        with self._changed:
            if not self._queue.has_room(pending):
                return False
            self._add(pending)
        return True

    def is_here(self) -> bool:
        """Whether this is its own thread, where nobody may wait for what it does."""
        return threading.current_thread() is self._thread

    def call(self, job: Callable[[Indexer], T]) -> Future[T]:
        """Have the thread do something with its indexer, between two turns.

        Raises `LogUnanswered` in that thread itself (a future's callback runs there), which would wait for its own end.
        """
        if self.is_here():
            msg = "the appender's own thread cannot wait for itself"
            raise LogUnanswered(msg)
        future: Future[T] = Future()
        with self._changed:
            self._wake(LogUnanswered)
            self._jobs.append(Job(job, future))
        return future

    def close(self, timeout_s: float = 20.0) -> bool:
        """Drain: take nothing more, settle what waits, end the thread. False if that took too long."""
        with self._changed:
            self._closing = True
            thread = self._thread
            self._changed.notify_all()
        if thread is None:
            return True
        thread.join(timeout_s)
        if thread.is_alive():
            logger.error(
                "the appender did not finish its queue in time",
                action="appender-undrained",
                queued=len(self._queue),
            )
        return not thread.is_alive()

    # ---- the thread's life

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._queue = Waiting(self._limits)
        self._jobs: deque[Job] = deque()
        self._thread: threading.Thread | None = None
        self._indexer: Indexer | None = None
        self._closing = False

    def begin_anew(self) -> None:
        """In a forked child: thread, sockets and waiting commits are the parent's; leave them, close nothing."""
        _inherited.append((self._indexer, self._queue, self._jobs, self._changed))
        self._reset()

    def _wake(
        self, refusal: type[LogUnavailable | LogUnanswered] = LogUnavailable
    ) -> None:
        """Called under the lock, before anything is queued: what is refused must not be found by a drain."""
        if self._closing:
            msg = "this process is shutting down"
            raise refusal(msg)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._live, name="appender", daemon=True
            )
            self._thread.start()
        self._changed.notify_all()

    def _add(self, pending: Pending) -> None:
        self._wake()
        self._queue.add(pending)

    def _live(self) -> None:
        work = Work(self._clock, self._limits)
        indexer = None  # this thread's own: while it dies, its successor has another
        try:
            indexer = self._indexer = self._make_indexer()
            indexer.share(self._limits.share_s)
            cycle = Cycle(indexer.session, indexer)
            while self._gather(work, cycle):
                again = [job for job in work.jobs if not job.run(indexer)]
                with self._changed:
                    self._jobs.extend(again)
                    work.jobs = []
                work.settle(cycle)
        except BaseException as error:
            logger.exception(
                "the appender's thread died; the next append starts it anew",
                action="appender-died",
            )
            self._fail_everything(work, error)
        finally:
            if indexer is not None:
                indexer.close()
                indexer.log.close()

    def _gather(self, work: Work, cycle: Cycle) -> bool:
        """Wait for something to do and take it; False when the thread has drained and shall end."""
        with self._changed:
            self._queue.resolved(work.answered_commits())
            self._changed.notify_all()  # there is room again
            while not (self._queue or self._jobs or work.is_due()):
                if self._closing and not work.unsettled:
                    return False
                self._changed.wait(work.pause())
        self._let_come_back(work)
        with self._changed:
            work.jobs = list(self._jobs)
            self._jobs.clear()
            work.take_from(self._queue, cycle.is_lost)
            metrics.APPEND_QUEUE.set(len(self._queue))
            self._changed.notify_all()  # there is room again
        return True

    def _let_come_back(self, work: Work) -> None:
        """Let those whom the last turn has answered come back, as long as they do come.

        Else the callers fall into two halves, one on its way while the other waits, and every turn leaves half empty:
        eight callers got half as far. Nobody waits for whom nobody was answered.
        """
        until = work.clock.monotonic() + _LONGEST_COME_BACK * work.took
        there = len(self._queue)
        expected = min(work.answered + work.waiting, self._limits.batch)
        while 0 < there < expected and work.clock.monotonic() < until:
            time.sleep(_COME_BACK)
            before, there = there, len(self._queue)
            if there == before:
                break

    def _fail_everything(self, work: Work, error: BaseException) -> None:
        with self._changed:
            queued = iter(self._queue.take, None)
            waiting = [*work.batch, *work.unsettled, *queued]
            self._queue.resolved([*waiting, *work.answered_commits()])
            jobs = [*work.jobs, *self._jobs]
            self._jobs.clear()
            self._thread = None
            self._changed.notify_all()
        for pending in waiting:
            pending.trouble = f"the appender's thread ended with {type(error).__name__}"
            if not pending.future.done() and pending.start():
                pending.give_up(error)
        for job in jobs:
            if not job.future.done():
                job.future.set_exception(LogUnanswered("the appender died"))


def _call(hook: Callable[[], object] | None) -> None:
    if hook is not None:
        hook()
