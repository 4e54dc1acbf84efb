"""What is said of a follower's work is bounded: one line a minute, however many turns leave something out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.subscriptions import reporting
from eventstore.subscriptions.delivery import Delivery
from eventstore.subscriptions.failures import Failure
from eventstore.subscriptions.reporting import turn_ended
from eventstore.subscriptions.turn import TurnResult

if TYPE_CHECKING:
    from collections.abc import Callable

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


def value(metric: Any, *labels: str) -> float:
    """Of a counter or a gauge."""
    return float(metric.labels(*labels)._value.get())


def told(do: Callable[[], None]) -> list[tuple[str, str]]:
    """Level and action of each line."""
    with capture_logs() as logs:
        do()
    return [(line["log_level"], line["action"]) for line in logs]


def test_a_turn_counts_each_kind_of_event_once() -> None:
    newest = NOW - timedelta(seconds=4)
    did = TurnResult(handled=3, skipped=5, unregistered={"Old": 2}, newest=newest)

    turn_ended("kinds", did, NOW)
    turn_ended("kinds", TurnResult(newest=NOW + timedelta(seconds=9)), NOW)

    kinds = ("handled", "unregistered", "skipped")
    assert [value(metrics.FOLLOWED, "kinds", kind) for kind in kinds] == [3, 2, 3]
    assert float(metrics.FOLLOW_SECONDS.labels("kinds")._sum.get()) == 4.0


def test_a_turn_that_did_nothing_says_nothing() -> None:
    idle = TurnResult()

    assert (idle.handled, idle.skipped, idle.worked) == (0, 0, False)
    assert told(lambda: turn_ended("idle", TurnResult(), NOW)) == []
    assert float(metrics.FOLLOW_SECONDS.labels("idle")._sum.get()) == 0.0


def test_each_unregistered_type_is_told_once_a_minute() -> None:
    def types(after_s: float, *names: str) -> list[str]:
        result = TurnResult(skipped=len(names), unregistered=dict.fromkeys(names, 1))
        with capture_logs() as logs:
            turn_ended("types", result, NOW + timedelta(seconds=after_s))
        return [line["event_type"] for line in logs]

    assert types(0, "A") == ["A"]
    assert types(59, "A", "B") == ["B"]
    assert types(60, "A", "B") == ["A"]
    assert types(61, "A", "B") == []


@pytest.mark.parametrize(
    ("again", "counted", "line"),
    [
        (True, "retry", ("warning", "event-retried")),
        (False, "park", ("error", "stream-parked")),
    ],
)
def test_a_failure_is_counted_and_told_by_whether_it_is_tried_again(
    counted: str, line: tuple[str, str], *, again: bool
) -> None:
    delivery = Delivery(9, "order.a", 2, "OrderPlaced", uuid4(), None, NOW, None)
    result = TurnResult(failed=[(delivery, Failure("ValueError", "a:1"), 1, again)])
    name = f"fails-{counted}"

    assert told(lambda: turn_ended(name, result, NOW)) == [line]

    others = {"retry", "park"} - {counted}
    assert value(metrics.FOLLOW_FAILURES, name, counted) == 1
    assert value(metrics.FOLLOW_FAILURES, name, *others) == 0


@pytest.mark.parametrize(
    ("do", "metric", "label", "line"),
    [
        (
            partial(reporting.waits, error="E", place="a:1", pause_s=1.0),
            metrics.FOLLOW_FAILURES,
            "wait",
            ("warning", "subscription-delayed"),
        ),
        (
            partial(reporting.broke, code="E"),
            metrics.FOLLOW_FAILURES,
            "broke",
            ("warning", "handler-transaction-ended"),
        ),
        (
            partial(reporting.acted, act="pause", stream_id=None),
            metrics.FOLLOW_ACTIONS,
            "pause",
            ("info", "subscription-acted"),
        ),
    ],
)
def test_what_happens_to_all_is_counted_and_told(
    do: Callable[[str], None], metric: Any, label: str, line: tuple[str, str]
) -> None:
    assert told(lambda: do("whole")) == [line]
    assert value(metric, "whole", label) == 1


def test_how_it_stands_is_shown_and_not_told() -> None:
    def look() -> None:
        reporting.looked("stands", lag=3, retrying=1, parked=2)

    assert told(look) == []
    assert value(metrics.FOLLOW_LAG, "stands") == 3
    assert value(metrics.PARKED_STREAMS, "stands", "retrying") == 1
    assert value(metrics.PARKED_STREAMS, "stands", "parked") == 2
