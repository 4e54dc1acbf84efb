"""A commit on its way: what the appender knows of it until its future is resolved."""

from __future__ import annotations

from collections import defaultdict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eventstore import metrics
from eventstore.errors import AppendOutcomeUnknown, EventStoreError, LogUnavailable
from eventstore.ports import Appended, Clock, Proposal
from eventstore.protocol.arguments import seconds_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.events import AppendResult, Commit, Place
    from eventstore.ports import Sealer
    from eventstore.protocol.fold import StreamKey


_ACCEPTED: Final = "accepted"
_LONGEST_PATIENCE: Final = 86_400  # seconds


class Line:
    """A place's: what waits there, and the bytes of its commits that are not answered."""

    __slots__ = ("bytes", "place", "waiting")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.waiting: deque[Pending] = deque()
        self.bytes = 0


@dataclass(slots=True, eq=False)
class Pending:
    """A proposal and its state.

    sealer: opens its boxes where it is compared with what was decided under its id.
    fresh: its ids were made in this very call, so nobody can have proposed it before.
    serial: of the view that stood before the first copy was sent (rule 8).
    sent: a copy was handed to the log's client, so absence can no longer be promised (rule 13).
    past: a fact of another log: written at the version that it says or not at all, and compared in all that it says.
    held: something that will pass keeps it back until the next turn; `trouble` says what.
    acknowledged: the log's answer, where only the fold up to it is missing. folded_first: the log's end up to which it is
    looked for before it is proposed again. is_folding: the last turn folded for it until its share of time was spent.
    line: the queue's, of its place.
    """

    commit: Commit
    value: bytes
    place: Place
    deadline: float
    sealer: Sealer
    fresh: bool
    past: bool = False
    future: Future[AppendResult] = field(default_factory=Future)
    serial: int | None = None
    sent: bool = False
    trouble: str = "no answer came in time"
    held: bool = False
    acknowledged: Appended | None = None
    folded_first: int | None = None
    is_folding: bool = False
    line: Line | None = None

    @property
    def key(self) -> StreamKey:
        """The commit's id within its stream."""
        return self.commit.stream_id, self.commit.commit_id

    @property
    def claim(self) -> tuple[str, int | str] | None:
        """Stream and version of which only one commit can be accepted; None if others can be as well."""
        expected = self.commit.expected.value
        if expected in ("any", "stream_exists"):
            return None
        return self.commit.stream_id, 0 if expected == "no_stream" else expected

    def may_hold(self, head: int) -> bool:
        """False at a head where it is refused without a record: it can never be right again; a fact of another log, is not now."""
        expected = self.commit.expected
        return expected.holds_for(head) if self.past else expected.can_still_hold(head)

    @property
    def proposal(self) -> Proposal:
        """What is written to the log; the same bytes however often."""
        return Proposal(self.place, self.commit.stream_id.encode(), self.value)

    def observe(self, clock: Clock) -> None:
        """Have the answer counted and timed, from now on, when it comes."""
        began = clock.monotonic()

        def tell(future: Future[AppendResult]) -> None:
            outcome = outcome_of(future)
            metrics.APPEND_SECONDS.labels(outcome).observe(clock.monotonic() - began)
            if outcome != _ACCEPTED:
                metrics.ERRORS.labels("append", outcome).inc()

        self.future.add_done_callback(tell)

    def start(self) -> bool:
        """Claim it before the first copy is sent; False if its caller has given up: nothing was written then."""
        return self.future.running() or self.future.set_running_or_notify_cancel()

    def refuse(self, error: EventStoreError) -> None:
        """Resolve with an error that the log decided, or that came before anything was sent."""
        self.future.set_exception(error)

    def give_up(self, cause: BaseException | None = None) -> None:
        """Resolve without an answer: unknown if a copy was ever sent, else certainly not written."""
        error: EventStoreError
        if self.sent:
            error = AppendOutcomeUnknown(
                str(self.commit.commit_id), self.commit.stream_id
            )
        else:
            error = LogUnavailable(self.trouble)
        error.__cause__ = cause
        self.future.set_exception(error)

    def last_word(self) -> AppendResult:
        """The caller's time is up: withdraw the commit if it still waits, else say what is known (rule 13)."""
        if self.future.cancel():
            raise LogUnavailable(self.trouble)
        if self.future.done():
            return self.future.result()
        raise AppendOutcomeUnknown(str(self.commit.commit_id), self.commit.stream_id)


def deadline_in(seconds: float, clock: Clock) -> float:
    """The end of so many seconds on the monotonic clock. Raises TypeError for what is no number, and ValueError for what
    nobody can wait: nan, below 0."""
    seconds = seconds_in(seconds)
    if not 0 <= seconds <= _LONGEST_PATIENCE:
        msg = f"a time-out is 0 to {_LONGEST_PATIENCE} seconds"
        raise ValueError(msg)
    return clock.monotonic() + seconds


def outcome_of(future: Future[AppendResult]) -> str:
    """The answer in a word, for the metrics: `accepted`, or the error's code."""
    if future.cancelled():
        return LogUnavailable.code
    error = future.exception()
    if error is None:
        return _ACCEPTED
    return error.code if isinstance(error, EventStoreError) else "error"


def by_place(pendings: Iterable[Pending]) -> dict[Place, list[Pending]]:
    """A turn's, each held by nothing yet."""
    places: dict[Place, list[Pending]] = defaultdict(list)
    for p in pendings:
        p.held = p.is_folding = False
        places[p.place].append(p)
    return places


def latest(pendings: Iterable[Pending]) -> float:
    """Until when any of them waits, on the monotonic clock."""
    return max(p.deadline for p in pendings)


def unanswered(pendings: Iterable[Pending]) -> list[Pending]:
    """Those whose future is not resolved."""
    return [p for p in pendings if not p.future.done()]


def able(pendings: Iterable[Pending]) -> list[Pending]:
    """Those of them that nothing keeps back."""
    return [p for p in unanswered(pendings) if not p.held]
