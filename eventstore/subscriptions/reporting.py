"""What is counted and said of a subscription's work: ids and kinds, never anything of an event's data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from eventstore import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.subscriptions.delivery import Delivery
    from eventstore.subscriptions.failures import Failure
    from eventstore.subscriptions.turn import TurnResult

logger = structlog.get_logger(__name__)

_EVERY: Final = timedelta(minutes=1)
_told_at: dict[tuple[str, str], datetime] = {}
_unreadable: dict[str, tuple[datetime, int]] = {}  # when it was told, and since then


def turn_ended(name: str, result: TurnResult, now: datetime) -> None:
    """A transaction was committed."""
    if result.handled:
        metrics.FOLLOWED.labels(name, "handled").inc(result.handled)
    unregistered = sum(result.unregistered.values())
    if unregistered:
        metrics.FOLLOWED.labels(name, "unregistered").inc(unregistered)
        _tell_of_types(name, result.unregistered, now)
    if unreadable := result.skipped - unregistered:
        metrics.FOLLOWED.labels(name, "skipped").inc(unreadable)
        _tell_of_unreadable(name, unreadable, now)
    if result.newest is not None:
        passed = (now - result.newest).total_seconds()
        metrics.FOLLOW_SECONDS.labels(name).observe(max(0.0, passed))
    for delivery, failure, attempts, again in result.failed:
        metrics.FOLLOW_FAILURES.labels(name, "retry" if again else "park").inc()
        _tell_of_failure(name, delivery, failure, attempts, again=again)


def _tell_of_failure(
    name: str, delivery: Delivery, failure: Failure, attempts: int, *, again: bool
) -> None:
    facts = {
        "subscription": name,
        "stream_id": delivery.stream_id,
        "version": delivery.version,
        "event_type": delivery.event_type,
        "error": failure.error,
        "place": failure.place,
        "attempts": attempts,
    }
    if again:
        logger.warning(
            "a handler failed on an event; a worker retries it",
            action="event-retried",
            **facts,
        )
    else:
        logger.error(
            "a stream is parked; its later events wait", action="stream-parked", **facts
        )


def _tell_of_types(name: str, types: Mapping[str, int], now: datetime) -> None:
    """Of each type once a minute at most: after a class was renamed it may be every event."""
    for event_type, events in types.items():
        told = _told_at.get((name, event_type))
        if told is not None and now - told < _EVERY:
            continue
        _told_at[name, event_type] = now
        logger.warning(
            "events of a type that nobody has registered are passed; was its class renamed, or left out?",
            action="events-unregistered",
            subscription=name,
            event_type=event_type,
            events=events,
        )


def _tell_of_unreadable(name: str, events: int, now: datetime) -> None:
    """Once a minute at most, with those that had no line since: it may be a turn's every event, turn after turn."""
    told, untold = _unreadable.get(name, (None, 0))
    if told is not None and now - told < _EVERY:
        _unreadable[name] = told, untold + events
        return
    _unreadable[name] = now, 0
    logger.warning(
        "events that nobody can read were left out",
        action="events-unreadable",
        subscription=name,
        events=events + untold,
    )


def waits(name: str, *, error: str, place: str, pause_s: float) -> None:
    """Something passing, that is no event's fault."""
    metrics.FOLLOW_FAILURES.labels(name, "wait").inc()
    logger.warning(
        "a subscription waits and retries",
        action="subscription-delayed",
        subscription=name,
        error=error,
        place=place,
        pause_s=pause_s,
    )


def broke(name: str, code: str) -> None:
    """An event ended the transaction in which it was handled; it is looked for, and its stream parked."""
    metrics.FOLLOW_FAILURES.labels(name, "broke").inc()
    logger.warning(
        "a handler ended its transaction",
        action="handler-transaction-ended",
        subscription=name,
        error=code,
    )


def looked(name: str, *, lag: int, retrying: int, parked: int) -> None:
    """How a subscription stands."""
    metrics.FOLLOW_LAG.labels(name).set(lag)
    metrics.PARKED_STREAMS.labels(name, "retrying").set(retrying)
    metrics.PARKED_STREAMS.labels(name, "parked").set(parked)


def beyond(name: str, partitions: int) -> None:
    """Checkpoints are further than what is folded: after a restore, or while the index is built anew."""
    logger.warning(
        "a subscription's checkpoint is beyond the index; the subscription waits for it",
        action="subscription-beyond-index",
        subscription=name,
        partitions=partitions,
    )


def acted(name: str, act: str, *, stream_id: str | None) -> None:
    """A person had it do something. Who, and why, stands in the row, not here: people write names into reasons."""
    metrics.FOLLOW_ACTIONS.labels(name, act).inc()
    logger.info(
        "somebody acted on a subscription",
        action="subscription-acted",
        subscription=name,
        act=act,
        stream_id=stream_id,
    )


def refused(name: str, error: Exception) -> None:
    """It cannot go on here; the error says what to do, so no traceback is told."""
    logger.error(
        "a subscription ends",
        action="subscription-ended",
        subscription=name,
        cause=str(error),
    )


def ended(name: str, *, error: str) -> None:
    """Its thread is gone, by what a handler raised to end the process."""
    logger.error(
        "a subscription ends",
        action="subscription-ended",
        subscription=name,
        error=error,
    )
