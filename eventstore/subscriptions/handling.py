"""Handing events to a handler: all at once as a rule, one by one where one of them failed."""

from __future__ import annotations

from asyncio import CancelledError
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import async_to_sync
from django.db import connection, transaction

from eventstore.bus import called, is_async
from eventstore.context import correlated
from eventstore.database import is_lost, took_too_long
from eventstore.protocol.positions import record_of
from eventstore.subscriptions.failures import (
    Failure,
    failure_of,
    passes,
    unreadable,
)
from eventstore.subscriptions.subscription import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eventstore.ports import Clock
    from eventstore.subscriptions.delivery import Delivery
    from eventstore.subscriptions.subscription import Subscription

_LONG: Final = (
    1.0  # seconds after which a transaction of events one by one is brought to its end
)


class HandlerRolledBack(Exception):  # noqa: N818  (what it did)
    """The handler had its transaction rolled back without saying why."""


class HandlerCancelled(Exception):  # noqa: N818  (what happened to it)
    """A coroutine that the handler awaited was cancelled; that is no wish to end the process."""


class HandlerExited(Exception):  # noqa: N818  (what it wanted)
    """The handler asked for the end of the process, which is not its to end."""


class HandlerBroke(Exception):  # noqa: N818  (what it did)
    """The transaction was lost under a handler, by its doing. position: of its event; -1: one of several. code: how."""

    def __init__(self, position: int, code: str) -> None:
        super().__init__(code)
        self.position = position
        self.code = code


TIMED_OUT: Final = "handler-timed-out"  # its session was ended: it took too long
ENDED: Final = "handler-ended-its-transaction"  # by a COMMIT, or it closed it
LOST: Final = "handler-lost-its-session"  # that may be the server's doing
SEVERAL: Final = -1


@dataclass(slots=True)
class HandlingResult:
    """handled, skipped: events. failed: by stream, where it stopped and why. stopped_at: the first that was not looked at."""

    handled: int = 0
    skipped: int = 0
    failed: dict[str, tuple[Delivery, Failure]] = field(default_factory=dict)
    stopped_at: Delivery | None = None


def handle(
    subscription: Subscription, clock: Clock, deliveries: Sequence[Delivery]
) -> HandlingResult:
    """Hand over what can be read, in this transaction. Raises what is no event's fault, and then nothing of it counts.

    1. all in one savepoint; if that fails it is rolled back, and
    2. each in a savepoint of its own: what fails keeps the later ones of its stream from being tried.
    Where it takes long it ends early, between two commits; a handler of batches has its batch whole.
    """
    result = HandlingResult()
    ready = [one for one in deliveries if _is_ready(subscription, result, one)]
    try:
        result.handled = _call(subscription, clock, ready)  # 1
    except Exception as error:
        if isinstance(error, HandlerBroke) or passes(error):
            raise
        return one_by_one(subscription, clock, deliveries)  # 2
    if result.handled == len(ready):
        return result
    return _as_far_as(subscription, deliveries, ready[result.handled], result.handled)


def _as_far_as(
    subscription: Subscription,
    deliveries: Sequence[Delivery],
    stop: Delivery,
    handled: int,
) -> HandlingResult:
    """What is behind the stop was not looked at, whether it can be read or not."""
    result = HandlingResult(handled, stopped_at=stop)
    for one in deliveries:
        if one.position >= stop.position:
            break
        _is_ready(subscription, result, one)
    return result


def one_by_one(
    subscription: Subscription,
    clock: Clock,
    deliveries: Sequence[Delivery],
    *,
    late: Mapping[int, HandlerBroke] = MappingProxyType({}),
) -> HandlingResult:
    """See `handle`; ends early, between two commits, where it takes long. late: by position, what events did that are not tried now."""
    result, record = HandlingResult(), -1
    deadline = clock.monotonic() + _LONG
    for one in deliveries:
        before, record = record, record_of(one.position)
        if before not in (-1, record) and clock.monotonic() > deadline:
            result.stopped_at = one
            break
        if not _is_ready(subscription, result, one):
            continue
        if one.position in late:
            result.failed[one.stream_id] = one, _failure_that(late[one.position])
            continue
        try:
            _call(subscription, clock, [one])
        except Exception as error:
            if isinstance(error, HandlerBroke) or passes(error):
                raise
            result.failed[one.stream_id] = one, failure_of(error)
        else:
            result.handled += 1
    return result


def _failure_that(broke: HandlerBroke) -> Failure:
    """How it broke, and the line at which that was found out."""
    cause = broke.__cause__
    failure = failure_of(cause if isinstance(cause, Exception) else broke)
    return Failure(broke.code, failure.place)


def _is_ready(
    subscription: Subscription, result: HandlingResult, one: Delivery
) -> bool:
    """Whether it is the handler's turn; what cannot be read is counted, or stops its stream."""
    if one.stream_id in result.failed:
        return False
    if one.problem is None:
        return True
    if subscription.unreadable is Unreadable.SKIP:
        result.skipped += 1
    else:
        result.failed[one.stream_id] = one, unreadable(one.problem)
    return False


def _call(subscription: Subscription, clock: Clock, ready: Sequence[Delivery]) -> int:
    """In a savepoint; how many were handed over, from the first on. Raises `HandlerBroke`."""
    if not ready:
        return 0
    begun = clock.monotonic()
    try:
        return _call_in_a_savepoint(subscription, clock, ready)
    except Exception as error:
        position = ready[0].position if len(ready) == 1 else SEVERAL
        is_late = clock.monotonic() - begun >= subscription.timeout_s
        if code := _how_it_broke(error, is_late=is_late):
            raise HandlerBroke(position, code) from error
        raise


def _how_it_broke(error: Exception, *, is_late: bool) -> str | None:
    """Why there is no way back to before the handler; None where there is one. is_late: it took as long as it may."""
    raw = connection.connection
    if raw is None or is_lost(error, raw):
        if is_late or took_too_long(error):
            return TIMED_OUT
        # what was closed is not broken
        is_closed = connection.closed_in_transaction or not (raw and raw.broken)
        return ENDED if is_closed else LOST
    has_ended = connection.closed_in_transaction or connection.needs_rollback
    return ENDED if has_ended else None


def _call_in_a_savepoint(
    subscription: Subscription, clock: Clock, ready: Sequence[Delivery]
) -> int:
    with transaction.atomic():
        try:
            if subscription.handler is None:
                handled = _call_with_all(subscription.call, ready)
            else:
                in_time = _in_time(clock, ready)
                handled = _call_with_each(subscription.call, in_time)
        except CancelledError as error:
            raise HandlerCancelled from error
        except SystemExit as error:
            raise HandlerExited from error
        if transaction.get_rollback():
            raise HandlerRolledBack
        # else a row that leads nowhere would be found at the commit, and no event's fault
        connection.check_constraints()
        return handled


def _in_time(clock: Clock, ready: Sequence[Delivery]) -> Iterator[Delivery]:
    """One after the other, until it takes long and a commit is done."""
    deadline, before = clock.monotonic() + _LONG, record_of(ready[0].position)
    for one in ready:
        record = record_of(one.position)
        if record != before and clock.monotonic() > deadline:
            return
        before = record
        yield one


def _call_with_all(handler: Any, ready: Sequence[Delivery]) -> int:
    """What a handler of batches appends is caused by an event only where that came alone."""
    handed = [one.handed for one in ready]
    alone = [(ready[0].correlation_id, ready[0].event_id)] if len(ready) == 1 else []
    with correlated(*(alone[0] if alone else ())):
        called(handler, handed)
    return len(ready)


def _call_with_each(handler: Any, ready: Iterator[Delivery]) -> int:
    if is_async(handler):
        return async_to_sync(_await_each)(handler, ready)
    handled = 0
    for one in ready:
        with correlated(one.correlation_id, one.event_id):
            called(handler, one.handed)
        handled += 1
    return handled


async def _await_each(handler: Any, ready: Iterator[Delivery]) -> int:
    """One event loop for all of them. Django's own coroutines come back to this thread, and so to this transaction."""
    handled = 0
    for one in ready:
        with correlated(one.correlation_id, one.event_id):
            await handler(one.handed)
        handled += 1
    return handled
