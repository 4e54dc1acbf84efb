"""What is said of a follower's work is bounded: one line a minute, however many turns leave something out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.subscriptions.reporting import turn_ended
from eventstore.subscriptions.turn import TurnResult

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def left_out(name: str, events: int, after_s: float) -> list[int]:
    """A turn that left out so many; what the lines say."""
    with capture_logs() as logs:
        turn_ended(name, TurnResult(skipped=events), NOW + timedelta(seconds=after_s))
    return [line["events"] for line in logs]


def test_what_nobody_can_read_is_told_once_a_minute_with_all_that_was_left_out() -> (
    None
):
    def counted() -> float:
        return float(metrics.FOLLOWED.labels("unread", "skipped")._value.get())

    before = counted()

    told = [left_out("unread", 100, after_s) for after_s in (0, 1, 59, 60, 61)]

    assert told == [[100], [], [], [300], []]
    assert left_out("another", 1, 61) == [1]
    assert counted() == before + 500
