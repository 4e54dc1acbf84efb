"""Waiting until a subscription has handled what was just written, so that a request can show it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async

from eventstore.clock import BackOff, SystemClock
from eventstore.conf import conf, registry
from eventstore.errors import StreamParked, SubscriptionBehind
from eventstore.events import AppendResult, Cut, Place, Position
from eventstore.protocol.positions import partition_id
from eventstore.queries.connection import unchecked_cursor
from eventstore.queries.positions import packed_of
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import checkpoint_rows, names, parking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eventstore.ports import Clock

_FIRST_PAUSE: Final = 0.002  # seconds; each is half as long again as the one before
_LONGEST_PAUSE: Final = 0.05


def wait_for(
    subscription: str,
    position: AppendResult | Position | Cut,
    timeout_s: float = 5.0,
    *,
    clock: Clock | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when the subscription has handled everything up to this position, so that a request reads its own write.

    Not within a transaction whose snapshot stands still (REPEATABLE READ). It waits for a stream that is being
    retried; a cut names no stream, so parked streams do not hold it up. Raises `SubscriptionBehind` at the end of `timeout_s` seconds, `StreamParked` as soon as the event's stream waits for a person,
    `SubscriptionNotFound`, ValueError for a position of another store and for `timeout_s` below 0.
    """
    for pause in _pauses(subscription, position, timeout_s, clock or SystemClock()):
        sleep(pause)


async def await_for(
    subscription: str,
    position: AppendResult | Position | Cut,
    timeout_s: float = 5.0,
) -> None:
    """`wait_for` for coroutines; between two looks it holds no thread."""
    pauses = _pauses(subscription, position, timeout_s, SystemClock())
    look: Any = sync_to_async(next)
    while (pause := await look(pauses, None)) is not None:
        await asyncio.sleep(pause)


def _pauses(
    subscription: str,
    position: AppendResult | Position | Cut,
    timeout_s: float,
    clock: Clock,
) -> Iterator[float]:
    """Looks, and gives the seconds until the next look, as long as there is something to wait for. Raises as `wait_for`."""
    if not timeout_s >= 0:  # what is no number would never be over
        msg = f"timeout_s is 0 or more seconds, not {timeout_s}"
        raise ValueError(msg)
    deadline = clock.monotonic() + timeout_s
    wanted = _wanted(position)
    _refuse_nobody(subscription, clock)
    back_off = BackOff(clock, _FIRST_PAUSE, _LONGEST_PAUSE, growth=1.5)
    while (lacking := _lacking(subscription, wanted)) or _is_held_up(
        subscription, position
    ):
        left = deadline - clock.monotonic()
        if left <= 0:
            raise SubscriptionBehind(
                subscription, position=_told(position), records=lacking
            )
        yield min(back_off.failed(), left)


def _refuse_nobody(name: str, clock: Clock) -> None:
    """Raise `SubscriptionNotFound`; how it stands is asked for its names only: that counts what is parked."""
    with unchecked_cursor() as cursor:
        is_there = names.is_there(cursor, name)
    if not is_there:
        status_of(name, clock.now())


def _wanted(position: AppendResult | Position | Cut) -> Mapping[Place, int]:
    """The next offsets that the checkpoints must have reached."""
    if isinstance(position, Cut):
        return position.offsets
    last = _last(position)
    return {Place(last.topic, last.partition): last.offset + 1}


def _last(position: AppendResult | Position) -> Position:
    return position if isinstance(position, Position) else position.positions[-1]


def _told(position: AppendResult | Position | Cut) -> str:
    return str(position if isinstance(position, Cut) else _last(position))


def _lacking(name: str, wanted: Mapping[Place, int]) -> int:
    """How many records are not handled yet."""
    nexts = {
        partition_id(_number(place), place.partition): offset
        for place, offset in wanted.items()
    }
    with unchecked_cursor() as cursor:
        return checkpoint_rows.lacking(cursor, name, nexts)


def _is_held_up(name: str, position: AppendResult | Position | Cut) -> bool:
    """Whether the event's stream is tried again. Raises `StreamParked` if it waits for a person."""
    if isinstance(position, Cut):
        return False
    with unchecked_cursor() as cursor:
        parked = parking.in_the_way(cursor, name, packed_of(_last(position)))
    for one in parked:
        if one.is_parked:
            raise StreamParked(
                name, one.stream_id, version=one.version, error=one.error
            )
    return bool(parked)


def _number(place: Place) -> int:
    """That of its topic. Raises ValueError."""
    for known in registry().stream_types.values():
        if known.topic == place.topic and place.partition < conf.PARTITIONS:
            return known.number
    msg = f"{place} is no partition of this store"
    raise ValueError(msg)
