"""What is counted and said of a subscription's work: ids and kinds, never anything of an event's data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from eventstore import metrics

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.subscriptions.turn import Turn

logger = structlog.get_logger(__name__)


def turn_ended(name: str, turn: Turn, now: datetime) -> None:
    """A transaction was committed."""
    if turn.handled:
        metrics.FOLLOWED.labels(name, "handled").inc(turn.handled)
    if turn.skipped:
        metrics.FOLLOWED.labels(name, "skipped").inc(turn.skipped)
        logger.warning(
            "events that nobody can read were left out",
            subscription=name,
            events=turn.skipped,
        )
    if turn.newest is not None:
        passed = (now - turn.newest).total_seconds()
        metrics.FOLLOW_SECONDS.labels(name).observe(max(0.0, passed))
    for delivery, failure, attempts, again in turn.failed:
        metrics.FOLLOW_FAILURES.labels(name, "retry" if again else "park").inc()
        tell = logger.warning if again else logger.error
        tell(
            "an event failed and is tried again" if again else "a stream is parked",
            subscription=name,
            stream_id=delivery.stream_id,
            version=delivery.version,
            event_type=delivery.event_type,
            error=failure.error,
            place=failure.place,
            attempts=attempts,
        )


def waits(name: str, *, error: str, place: str, pause_s: float) -> None:
    """Something passing, that is no event's fault."""
    metrics.FOLLOW_FAILURES.labels(name, "wait").inc()
    logger.warning(
        "a subscription waits and begins anew",
        subscription=name,
        error=error,
        place=place,
        pause_s=pause_s,
    )


def broke(name: str, code: str) -> None:
    """An event ended the transaction in which it was handled; it is looked for, and its stream parked."""
    metrics.FOLLOW_FAILURES.labels(name, "broke").inc()
    logger.warning("a handler ended its transaction", subscription=name, error=code)


def looked(name: str, *, lag: int, retrying: int, parked: int) -> None:
    """How a subscription stands."""
    metrics.FOLLOW_LAG.labels(name).set(lag)
    metrics.PARKED_STREAMS.labels(name, "retrying").set(retrying)
    metrics.PARKED_STREAMS.labels(name, "parked").set(parked)


def beyond(name: str, partitions: int) -> None:
    """Checkpoints are further than what is folded: after a restore, or while the index is built anew."""
    logger.warning(
        "a subscription is beyond the index and waits for it",
        subscription=name,
        partitions=partitions,
    )


def acted(name: str, action: str, *, stream_id: str | None) -> None:
    """A person had it do something. Who, and why, stands in the row, not here: people write names into reasons."""
    metrics.FOLLOW_ACTIONS.labels(name, action).inc()
    logger.info(
        "a subscription was told", subscription=name, action=action, stream_id=stream_id
    )


def ended(name: str, *, error: str) -> None:
    """Its thread is gone, by what a handler raised to end the process."""
    logger.error("a subscription ends", subscription=name, error=error)
