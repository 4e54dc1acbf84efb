"""What is counted of a stretch that was folded: verdicts, events, streams that begin; and when malformed lines are due."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.events import Malformed, Place
from eventstore.indexer.reporting import FoldReporter
from eventstore.protocol.fold import Entry, Folded, Judged, Verdict
from tests.support.clocks import StillClock
from tests.unit.records import a_commit, an_event

PLACE = Place("eventstore.reported", 0)


def accepted(offset: int, first_version: int, events: int) -> Judged:
    commit = a_commit(*(an_event(n) for n in range(events)))
    entry = Entry(offset, 0, b"k", b"v", commit)
    head = first_version - 1
    return Judged(entry, 0, Verdict.ACCEPTED, head=head, first_version=first_version)


def malformed(offset: int) -> Judged:
    entry = Entry(offset, 0, None, None, Malformed("not_json"))
    return Judged(entry, 0, Verdict.MALFORMED, reason="not_json")


def folded(*judged: Judged) -> Folded:
    return Folded([*judged], 1, 0)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def counts() -> dict[str, float]:
    """What stands there."""
    shown = {
        "events": metrics.EVENTS.labels("reported"),
        "begun": metrics.STREAMS_BEGUN.labels("reported"),
        "accepted": metrics.VERDICTS.labels("accepted"),
        "malformed": metrics.VERDICTS.labels("malformed"),
    }
    return {name: float(one._value.get()) for name, one in shown.items()}


def test_a_stretch_counts_its_verdicts_its_events_and_the_streams_that_begin(
    clock: StillClock,
) -> None:
    before = counts()

    with capture_logs():
        FoldReporter(clock).folded(
            PLACE,
            folded(
                accepted(0, 1, 2), accepted(1, 3, 3), accepted(2, 6, 1), malformed(3)
            ),
        )

    after = counts()
    assert {name: after[name] - before[name] for name in after} == {
        "events": 6,
        "begun": 1,
        "accepted": 3,
        "malformed": 1,
    }


def test_what_was_left_untold_is_told_with_the_next_that_is_folded(
    clock: StillClock,
) -> None:
    reporter = FoldReporter(clock)
    with capture_logs() as first:
        reporter.folded(PLACE, folded(malformed(0), malformed(1)))
    clock.ahead = 60

    with capture_logs() as later:
        reporter.folded(PLACE, folded(accepted(2, 1, 1)))

    assert [line["offset"] for line in first] == [0]
    assert [line["offset"] for line in later] == [1]


def test_a_record_from_the_future_is_a_clock_that_is_off(clock: StillClock) -> None:
    reporter = FoldReporter(clock)
    one = malformed(0)
    ahead = int(clock.now().timestamp() + 3_600) * 1_000
    from_the_future = Entry(0, ahead, None, None, one.entry.content)

    with capture_logs():
        reporter.dated(PLACE, Judged(from_the_future, ahead, one.verdict))

    worst = reporter.clocks.worst()
    assert worst is not None
    assert worst[0] == PLACE
    assert worst[1] == pytest.approx(3_600, abs=2)
