"""The import as a whole: read ahead, send, take the answers, and say at any end how far it got."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from eventstore.errors import (
    CommitIdReused,
    Decided,
    InvalidEvent,
    InvalidStreamId,
    Refused,
    WrongExpectedVersion,
)
from eventstore.events import AppendResult
from eventstore.exchange.importer.flight import Answer, Flight, Limits, passes
from eventstore.exchange.importer.grouping import Draft, Grouper, Refusal
from eventstore.exchange.importer.lines import Interrupt, Lines, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from eventstore.ports import Clock, Store

_GLANCE_S: Final = (
    0.02  # seconds between two looks at a silent pipe, while commits are on their way
)


class End(StrEnum):
    """Why an import ended."""

    COMPLETE = "complete"
    BAD_LINE = "bad_line"
    INTERRUPTED = "interrupted"
    GAVE_UP = "gave_up"


@dataclass(slots=True)
class Summary:
    """What came of it.

    lines: read, blank ones too. events = appended + replayed (they were there already). bad: lines refused, with
    those that their commits took with them. left_out: lines of streams that are another store's own. dropped: attributes that an event has no place for, with their lines. Every line before `reached` is done; `error` is why it gave up.
    """

    lines: int = 0
    commits: int = 0
    events: int = 0
    appended: int = 0
    replayed: int = 0
    bad: int = 0
    left_out: int = 0
    seconds: float = 0.0
    reached: int = 1
    end: End = End.COMPLETE
    error: BaseException | None = None
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def events_per_second(self) -> float:
        """The speed of all of it."""
        return self.events / self.seconds if self.seconds else 0.0

    @property
    def is_good(self) -> bool:
        """Whether everything is imported."""
        return self.end is End.COMPLETE and not self.bad


def import_events(
    source: Source,
    store: Store,
    *,
    clock: Clock,
    skip_bad: bool = False,
    from_line: int = 1,
    without: Collection[str] = (),
    interrupt: Interrupt | None = None,
    limits: Limits | None = None,
    on_refusal: Callable[[Refusal], None] = lambda _: None,
    on_progress: Callable[[int, int], None] = lambda _events, _bytes: None,
) -> Summary:
    """Import NDJSON. Running it again, from the start or from where it stopped, changes nothing that is there.

    skip_bad: go on behind a bad line; else everything before it is imported, and the commits of other streams
    that were on their way with it. without: types of streams whose lines are left out: a store tells of its own keys. on_progress: gets events and bytes done so far, often.
    """
    interrupt = interrupt or Interrupt()
    flight = Flight(store, clock, limits or Limits())
    lines = Lines(source, interrupt)
    running = _Import(lines, flight, interrupt, skip_bad=skip_bad)
    running.on_refusal, running.on_progress = on_refusal, on_progress
    running.without = without
    started = clock.monotonic()
    running.run(from_line)
    running.summary.seconds = clock.monotonic() - started
    return running.summary


class _Import:
    on_refusal: Callable[[Refusal], None]
    on_progress: Callable[[int, int], None]
    without: Collection[str]

    def __init__(
        self, lines: Lines, flight: Flight, interrupt: Interrupt, *, skip_bad: bool
    ) -> None:
        self.summary = Summary()
        self._lines = lines
        self._flight = flight
        self._interrupt = interrupt
        self._skip_bad = skip_bad
        self._more = True  # to read
        self._undone: list[int] = []  # lines that were read and are not imported
        self._bytes = 0

    def run(self, from_line: int) -> None:
        """Whatever can be done is done in this order: take answers, send, read, wait."""
        before = self._lines.skip_to(from_line)
        self._grouper = Grouper(before, without=self.without)
        first, flight = self._lines.number, self._flight
        while True:
            self._take(wait=False)
            if self._interrupt.requested:
                self._stop(End.INTERRUPTED)
            if flight.can_submit():
                flight.submit_next()
            elif self._may_read() and (self._lines.is_ready() or not flight.is_busy()):
                self._read()
            elif flight.is_busy():
                # a pipe that is silent now may speak before the log does
                self._take(wait=True, at_most=_GLANCE_S if self._may_read() else None)
            else:
                break
        self.summary.dropped = self._grouper.dropped
        self.summary.left_out = self._grouper.left_out
        self.summary.lines = self._lines.number - first
        self.summary.reached = min([*self._undone, self._lines.number + 1])

    # ---- reading

    def _may_read(self) -> bool:
        return self._more and self._flight.has_room()

    def _read(self) -> None:
        line = self._lines.read()
        if line is None:
            self._more = False
            if not self._interrupt.requested:
                self._place(*self._grouper.finish())
        elif not line.content:
            self._bytes += line.size
        else:
            self._place(*self._grouper.feed(line))

    def _place(self, *pieces: Draft | Refusal) -> None:
        for each in pieces:
            if isinstance(each, Refusal):
                self._refuse(each, each.line)
            elif self.summary.end is End.COMPLETE:
                self._flight.add(each)
            else:
                self._undone.append(each.lines[0])

    # ---- answers

    def _take(self, *, wait: bool, at_most: float | None = None) -> None:
        before = self.summary.events
        for draft, answer in self._flight.answers(wait=wait, at_most=at_most):
            self._account(draft, answer)
        if self.summary.events != before:
            self.on_progress(self.summary.events, self._bytes)

    def _account(self, draft: Draft, answer: Answer) -> None:
        summary, count = self.summary, len(draft.lines)
        if isinstance(answer, AppendResult) and _stands_elsewhere(draft, answer):
            self._refuse(_misplaced(draft, answer.first_version), draft.lines[0])
        elif isinstance(answer, AppendResult):
            summary.commits += 1
            summary.events += count
            if answer.replayed:
                summary.replayed += count
            else:
                summary.appended += count
            self._bytes += draft.size
        elif isinstance(answer, Decided | Refused) and not passes(answer):
            self._refuse(_refusal(draft, answer), draft.lines[0])
        else:
            self._undone.append(draft.lines[0])
            summary.error = summary.error or answer
            self._stop(End.GAVE_UP)

    # ---- ends

    def _refuse(self, refusal: Refusal, first: int) -> None:
        self.summary.bad += refusal.lines
        self._bytes += refusal.size
        self.on_refusal(refusal)
        if not self._skip_bad:
            self._end(End.BAD_LINE, first)
            self._flight.drop_from(first)

    def _stop(self, end: End) -> None:
        """Send nothing more."""
        dropped = self._flight.close()
        self._end(end, dropped)

    def _end(self, end: End, undone: int | None) -> None:
        self._more = False
        self._undone += [n for n in (undone, self._grouper.open_line) if n is not None]
        if self.summary.end is End.COMPLETE:
            self.summary.end = end


def _refusal(draft: Draft, error: BaseException) -> Refusal:
    """The line of the event that is to blame, or the commit's first one."""
    index, reason = None, str(error)
    match error:
        case InvalidEvent():
            index, reason = error.index, error.reason
        case InvalidStreamId():
            reason = error.reason
        case CommitIdReused():
            index, reason = error.index, _differs(error.differs)
        case WrongExpectedVersion():
            reason = _out_of_order(draft, error.current_version)
    return Refusal(draft.lines[index or 0], reason, len(draft.lines), draft.size)


def _differs(what: str) -> str:
    return f"its commit was decided with other events: {_SAID_BY.get(what, what)} is not the same there"


_SAID_BY: Final = {
    "number": "the number of its lines",
    "event_id": "id",
    "schema": "schemaversion",
    "occurred_at": "time",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
}
"""What a file calls it."""


def _out_of_order(draft: Draft, head: int) -> str:
    said = f"streamversion {draft.first_version} is out of order: its stream is at version {head} here"
    return f"{said}, {head + 1} comes next; nothing of its commit was written"


def _stands_elsewhere(draft: Draft, result: AppendResult) -> bool:
    return draft.first_version not in (None, result.first_version)


def _misplaced(draft: Draft, there: int) -> Refusal:
    """Only of what was there already: what is written now is written where the file says."""
    reason = f"it says streamversion {draft.first_version}, but its event is there already, as version {there}"
    return Refusal(draft.lines[0], reason, len(draft.lines), draft.size)
