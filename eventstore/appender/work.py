"""What the appender's thread has in hand: a batch, jobs, and what could not be settled yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from eventstore.appender.waiting import Limits
from eventstore.clock import BackOff
from eventstore.database import is_the_databases, translated
from eventstore.errors import EventStoreError
from eventstore.indexer.share import ShareSpent

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from eventstore.appender.cycle import Cycle
    from eventstore.appender.pending import Pending
    from eventstore.appender.waiting import Waiting
    from eventstore.indexer.indexer import Indexer
    from eventstore.ports import Clock

_FIRST_PAUSE: Final = (
    0.02  # seconds before what could not be settled is tried again; doubles
)
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    do: Callable[[Indexer], Any]
    future: Future[Any]

    def run(self, indexer: Indexer) -> bool:
        """Whether it is done; else it has had its share of time, and comes back for the next."""
        if not (self.future.running() or self.future.set_running_or_notify_cancel()):
            return True
        try:
            with translated():
                self.future.set_result(self.do(indexer))
        except ShareSpent:
            return False
        except EventStoreError as error:
            self.future.set_exception(error)
        except Exception as error:
            if not is_the_databases(error):
                raise
            self.future.set_exception(error)
        return True


@dataclass(slots=True)
class Work:
    """What the thread has in hand. Unsettled commits are tried again after a pause, and given up at their deadline."""

    clock: Clock
    limits: Limits = field(default_factory=Limits)
    batch: list[Pending] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    unsettled: list[Pending] = field(default_factory=list)
    took: float = 0.0  # seconds, the last turn
    answered: int = 0  # by it
    waiting: int = 0  # when it began
    _done: list[Pending] = field(default_factory=list)
    _due_at: float = 0.0
    _back_off: BackOff = field(init=False)

    def __post_init__(self) -> None:
        """Nothing has failed yet."""
        self._back_off = BackOff(self.clock, _FIRST_PAUSE, _LONGEST_PAUSE)

    def pause(self) -> float | None:
        """Seconds until something is due; None for "nothing but new work"."""
        if not self.unsettled:
            return None
        due = min(self._due_at, *(p.deadline for p in self.unsettled))
        return max(0.0, due - self.clock.monotonic())

    def is_due(self) -> bool:
        """Whether what is unsettled should be taken up."""
        return self.pause() == 0.0

    def take_from(self, queue: Waiting, is_lost: Callable[[Pending], bool]) -> None:
        """Make a batch of what is due and what waits, place by place in turn, bounded in number and bytes.

        Where some are not due yet the others of that place wait behind them.

        Of those that expect the same version of a stream one can win, so the others wait for the next turn. All of
        those that have lost by now come along with it, to be refused together: one a turn, and whoever won would be
        back, and win again, before the last of them had heard.
        """
        self.batch = []
        if self.is_due():
            self.batch, self.unsettled = self.unsettled, []
        size = sum(len(p.value) for p in self.batch)
        rivals: list[Pending] = []
        claims = {p.claim for p in self.batch} - {None}
        stuck = {p.place for p in self.unsettled}
        limits = self.limits
        while len(self.batch) < limits.batch and size < limits.batch_bytes:
            pending = queue.take(stuck)
            if pending is None:
                break
            if pending.claim in claims and not is_lost(pending):
                rivals.append(pending)
                continue
            if pending.claim is not None:
                claims.add(pending.claim)
            self.batch.append(pending)
            size += len(pending.value)
        queue.put_back(rivals)
        self.waiting = len(queue)

    def settle(self, cycle: Cycle) -> None:
        """One turn; give up what is past its deadline, keep the rest for later."""
        begun = self.clock.monotonic()
        left = cycle.take(self.batch)
        now = self.clock.monotonic()
        self.took, self.answered = now - begun, len(self.batch) - len(left)
        for pending in left:
            if pending.deadline <= now:
                pending.give_up()
        left = [p for p in left if not p.future.done()]
        if left:
            # whose place is being folded, a share a turn, gets the next one at once
            if is_folding := any(p.is_folding for p in left):
                self._back_off.succeeded()
            self._due_at = now if is_folding else now + self._back_off.failed()
        elif self.batch:
            self._back_off.succeeded()
        self.unsettled += left
        self._done += [p for p in self.batch if p.future.done()]
        self.batch = []

    def answered_commits(self) -> list[Pending]:
        """Those that were settled since the last call, also those whose callers had withdrawn them."""
        done, self._done = self._done, []
        return done
