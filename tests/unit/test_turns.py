"""A turn of the appender between a log and folds that are made up: how long it waits, how far it folds, what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from eventstore.appender.cycle import Cycle
from eventstore.appender.pending import Pending
from eventstore.appender.times import StageTimes
from eventstore.errors import (
    AppendOutcomeUnknown,
    LogTruncated,
    LogUnanswered,
    UnknownRuleVersion,
)
from eventstore.events import Commit, Expected, Place
from eventstore.indexer.share import ShareSpent
from eventstore.ports import Appended, NotWritten, Unknown
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.ports import Proposal

PLACE = Place("eventstore.order", 0)
SEALER = KeySealer(MemoryKeys())
_numbers = count()


@dataclass
class Clock:
    """Tells these instants, the last of them for ever."""

    ticks: list[float]

    def monotonic(self) -> float:
        """See the port."""
        return self.ticks.pop(0) if len(self.ticks) > 1 else self.ticks[0]


@dataclass
class Log:
    """A session whose log takes what it is given and answers nothing."""

    clock: Clock = field(default_factory=lambda: Clock([100.0]))
    waits: list[float] = field(default_factory=list)
    trouble: Exception | None = None
    answer: Unknown | NotWritten = Unknown("nobody answers")  # noqa: RUF009

    def append(
        self, proposals: Sequence[Proposal], *, timeout_s: float
    ) -> list[Unknown | NotWritten]:
        """See `Session`."""
        self.waits.append(timeout_s)
        if self.trouble:
            raise self.trouble
        return [self.answer for _ in proposals]


@dataclass
class Folds:
    """Of one empty place, whose log ends here."""

    ends: Iterator[int] = field(default_factory=lambda: iter(range(10, 90, 10)))
    folded: list[tuple[int, float]] = field(default_factory=list)
    trouble: Exception | None = None

    def prepare(self, _place: Place, *, in_doubt: bool) -> None:
        """See `indexer.folds`."""
        assert in_doubt in (True, False)
        if self.trouble:
            raise self.trouble

    def serial(self, _place: Place) -> int:
        """See there."""
        return 1

    def learn(self, _named: object) -> None:
        """See there."""

    def known_head(self, _place: Place, _stream_id: str) -> None:
        """See there."""

    def fold_own(self, own: dict[Place, Any]) -> dict[Place, list[Any]]:
        """Nothing of it: others were first."""
        return {place: [] for place in own}

    def end(self, _place: Place) -> int:
        """See there."""
        return next(self.ends)

    def advance(
        self, _place: Place, until: int, _own: object = (), *, deadline: float
    ) -> str:
        """See there."""
        self.folded.append((until, deadline))
        return "judged"


def pending(left_s: float, **known: Any) -> Pending:
    """A commit whose caller waits so many seconds from now."""
    commit = Commit(uuid4(), f"order.{next(_numbers)}", Expected.ANY, ())
    return Pending(commit, b"x", PLACE, 100 + left_s, SEALER, fresh=True, **known)


def cycle(log: Log | None = None, folds: Folds | None = None) -> Cycle:
    """Between these; nothing is asked of a database, for nobody was sent before."""
    made = Cycle(log or Log(), folds or Folds())  # type: ignore[arg-type]
    made._pre_check = SimpleNamespace(settle=lambda _ready: None)  # type: ignore[assignment]
    made._answering = SimpleNamespace(answer=lambda *_: None)  # type: ignore[assignment]
    return made


@pytest.mark.parametrize(
    ("left_s", "wait_s"),
    [([3.0], 3.0), ([9.0, 2.0], 2.0), ([0.0], 0.25), ([-5.0], 0.25), ([60.0], 15.0)],
)
def test_the_log_has_the_time_of_whoever_is_in_the_greatest_hurry(
    left_s: list[float], wait_s: float
) -> None:
    log = Log()

    cycle(log).take([pending(one) for one in left_s])

    assert log.waits == [wait_s]


def test_whoever_was_sent_before_is_looked_for_up_to_the_end_of_that_time() -> None:
    """Whoever writes on and on must not keep them for ever: the end is read once for each."""
    folds = Folds()
    first, second = pending(5, sent=True, folded_first=7), pending(8, sent=True)

    cycle(folds=folds).take([first, second])

    assert folds.folded == [(10, 108)]


def test_whoever_came_back_before_is_looked_for_up_to_the_later_end() -> None:
    folds = Folds()
    first = pending(5, sent=True, folded_first=7)
    second = pending(8, sent=True, folded_first=3)

    cycle(folds=folds).take([first, second])

    assert folds.folded == [(7, 108)]


def test_who_was_never_sent_is_not_looked_for() -> None:
    folds = Folds()

    cycle(folds=folds).take([pending(5)])

    assert folds.folded == []


@pytest.mark.parametrize(
    ("trouble", "is_folding"), [(LogUnanswered("away"), False), (ShareSpent(), True)]
)
def test_what_cannot_be_prepared_is_not_written_in_this_turn(
    trouble: Exception,
    is_folding: bool,  # noqa: FBT001
) -> None:
    log, folds, waits = Log(), Folds(trouble=trouble), pending(5)

    left = cycle(log, folds).take([waits])

    assert log.waits == []
    assert left == [waits]
    assert (waits.held, waits.sent, waits.is_folding) == (True, False, is_folding)
    assert waits.trouble == trouble.reason  # type: ignore[attr-defined]


def test_what_the_log_has_acknowledged_is_not_looked_for() -> None:
    log, folds = Log(), Folds()
    first, last = Appended(offset=4, recorded_at=1), Appended(offset=6, recorded_at=1)

    cycle(log, folds).take(
        [
            pending(5, sent=True, acknowledged=last),
            pending(8, sent=True, acknowledged=first),
        ]
    )

    assert (log.waits, folds.folded) == ([], [(7, 108)])  # to the last of them


def test_in_an_empty_log_nothing_is_looked_for() -> None:
    folds = Folds(ends=iter([0]))

    cycle(folds=folds).take([pending(5, sent=True)])

    assert folds.folded == [(0, 105)]


def test_a_copy_that_may_be_there_is_not_forgotten_for_one_that_is_not() -> None:
    before, new = pending(5, sent=True), pending(5)

    cycle(Log(answer=NotWritten("full"))).take([before, new])

    assert (before.sent, new.sent) == (True, False)


def test_who_is_new_remembers_the_view_before_its_first_copy() -> None:
    before, new = pending(5, sent=True, serial=0), pending(5)

    cycle().take([before, new])

    assert (before.serial, new.serial) == (0, 1)


def test_whatever_happens_while_it_is_handed_over_it_counts_as_sent() -> None:
    waits = pending(5)

    with pytest.raises(MemoryError):
        cycle(Log(trouble=MemoryError())).take([waits])

    assert waits.sent


@pytest.mark.parametrize("truncated", [True, False])
def test_what_does_not_pass_resolves_them_by_what_is_known_of_each(
    truncated: bool,  # noqa: FBT001
) -> None:
    """Who was sent can be told that it is lost only by a log that has lost something."""
    trouble = (
        LogTruncated("eventstore.order", 0, cursor=1, found="its offset 0 is gone")
        if truncated
        else UnknownRuleVersion("eventstore.order", 0, offset=3, version=9)
    )
    sent, new = pending(5, sent=True), pending(5)

    assert cycle(folds=Folds(trouble=trouble)).take([sent, new]) == []

    assert new.future.exception() is trouble
    told = sent.future.exception()
    assert told is trouble if truncated else isinstance(told, AppendOutcomeUnknown)


def test_a_log_that_does_not_say_what_it_wrote_leaves_them_as_sent() -> None:
    waits = pending(5)

    assert cycle().take([waits]) == [waits]
    assert (waits.sent, waits.trouble) == (True, "nobody answers")


@pytest.mark.parametrize(
    ("last", "told"), [(101.0, "append-timed"), (101.5, "append-slow")]
)
def test_a_turn_says_how_long_each_stage_took(last: float, told: str) -> None:
    times = StageTimes(Clock([100.0, 100.25, 100.5, last]))  # type: ignore[arg-type]
    for stage in ("pre_check", "produce", "decide"):
        times.end(stage)

    with capture_logs() as lines:
        times.report(commits=3, left=1)

    [line] = lines
    assert line["action"] == told
    assert (line["commits"], line["left"]) == (3, 1)
    assert [line[f"{stage}_ms"] for stage in ("pre_check", "produce")] == [250, 250]
    assert line["decide_ms"] == (last - 100.5) * 1000


def test_a_turn_has_three_stages() -> None:
    with capture_logs() as lines:
        cycle().take([pending(5)])

    assert {"pre_check_ms", "produce_ms", "decide_ms"} <= lines[-1].keys()
