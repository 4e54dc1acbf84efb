"""Many commits on their way at once, but never two of one stream.

The appender may propose commits again one by one, so two commits of a stream that are on their way together
could land in the wrong order. Speed therefore comes from different streams: a window of the file is kept
ready, by stream, and whichever stream has its answer sends its next commit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from eventstore.clock import BackOff
from eventstore.errors import EventStoreError, Retryable
from eventstore.events import AppendResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from eventstore.exchange.importer.grouping import Draft
    from eventstore.ports import Clock, Store

Answer = AppendResult | BaseException


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept ready and on its way, and for how long (seconds) an import bears that nothing succeeds."""

    lines: int = 20_000
    size: int = 16_000_000
    in_flight: int = 1_000
    first_pause_s: float = 0.1
    longest_pause_s: float = 5.0
    give_up_after_s: float = 300.0


class Flight:
    """The window: commits that wait, by stream, and those that are on their way."""

    def __init__(self, store: Store, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._waiting: dict[
            str, deque[Draft]
        ] = {}  # the first of each may be on its way
        self._ready: deque[str] = deque()
        self._answers: SimpleQueue[tuple[Draft, Answer]] = SimpleQueue()
        self._in_flight = 0
        self._lines = self._size = 0
        self._closing = False
        self._is_paused = False
        self._back_off = BackOff(clock, limits.first_pause_s, limits.longest_pause_s)
        self._failing_since: float | None = None

    def add(self, draft: Draft) -> None:
        """Take a commit into the window, behind those of its stream."""
        stream_id = draft.stream_id or ""
        queue = self._waiting.get(stream_id)
        if queue is None:
            queue = self._waiting[stream_id] = deque()
            self._ready.append(stream_id)
        queue.append(draft)
        self._lines += len(draft.lines)
        self._size += draft.size

    def has_room(self) -> bool:
        """Whether the window takes more."""
        return self._lines < self._limits.lines and self._size < self._limits.size

    def can_submit(self) -> bool:
        """Whether a stream has a commit to send now."""
        return (
            bool(self._ready)
            and self._in_flight < self._limits.in_flight
            and not (self._is_paused and self._back_off.left_s)
        )

    def is_busy(self) -> bool:
        """Whether anything waits or is on its way."""
        return bool(self._waiting)

    def submit_next(self) -> None:
        """Send the next commit of the stream that has waited longest."""
        stream_id = self._ready.popleft()
        draft = self._waiting[stream_id][0]
        self._in_flight += 1
        try:
            future = self._store.submit_past(
                stream_id,
                draft.events,
                commit_id=draft.commit_id,
                first_version=draft.first_version,
            )
        except EventStoreError as error:
            self._answers.put((draft, error))
        else:
            future.add_done_callback(lambda done: self._answers.put((draft, _of(done))))

    def answers(
        self, *, wait: bool, at_most: float | None = None
    ) -> Iterator[tuple[Draft, Answer]]:
        """What was decided since the last call. Waits, if asked to, until there is something to do."""
        try:
            if wait:
                yield from self._settle(
                    *self._answers.get(timeout=self._patience(at_most))
                )
            while not self._answers.empty():
                yield from self._settle(*self._answers.get_nowait())
        except Empty:
            return

    def drop_from(self, line: int) -> int | None:
        """Forget what waits and begins at this line or behind; the first line forgotten."""
        dropped = []
        ready = set(self._ready)
        for stream_id, queue in list(self._waiting.items()):
            on_its_way = stream_id not in ready
            while len(queue) > on_its_way and queue[-1].lines[0] >= line:
                dropped.append(self._forget(queue.pop()).lines[0])
            if not queue:
                del self._waiting[stream_id]
        self._ready = deque(s for s in self._ready if s in self._waiting)
        return min(dropped, default=None)

    def close(self) -> int | None:
        """Send nothing more, and try nothing again; the first line that is therefore not imported."""
        self._closing = True
        return self.drop_from(0)

    # ---- inside

    def _patience(self, at_most: float | None) -> float | None:
        """How long there may be nothing to do but wait for an answer: for ever, or until a pause ends."""
        if not self._ready or self._in_flight >= self._limits.in_flight:
            return at_most
        pause = self._back_off.left_s
        return pause if at_most is None else min(pause, at_most)

    def _settle(self, draft: Draft, answer: Answer) -> Iterator[tuple[Draft, Answer]]:
        self._in_flight -= 1
        stream_id = draft.stream_id or ""
        if passes(answer) and not self._closing and self._bears_it():
            self._ready.appendleft(stream_id)
            return
        if isinstance(answer, AppendResult):
            self._back_off.succeeded()
            self._is_paused, self._failing_since = False, None
        queue = self._waiting[stream_id]
        self._forget(queue.popleft())
        if queue:
            self._ready.append(stream_id)
        else:
            del self._waiting[stream_id]
        yield draft, answer

    def _bears_it(self) -> bool:
        """Pause, for longer each time, as long as there is patience left."""
        now, limits = self._clock.monotonic(), self._limits
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since > limits.give_up_after_s:
            return False
        if not self._back_off.left_s:  # one step a wave, not one for each commit of it
            self._back_off.failed()
            self._is_paused = True
        return True

    def _forget(self, draft: Draft) -> Draft:
        self._lines -= len(draft.lines)
        self._size -= draft.size
        return draft


def passes(answer: Answer) -> bool:
    """Whether it may be another in a moment: the same commit is proposed again, under the same id."""
    return isinstance(answer, Retryable)


def _of(done: Future[AppendResult]) -> Answer:
    return done.exception() or done.result()
