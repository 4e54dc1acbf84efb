"""Load, decide, save, and retry if somebody else was faster (optimistic concurrency). For decisions that may be made anew without asking anybody."""

from __future__ import annotations

import asyncio
import time
from inspect import isawaitable
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from eventstore.aggregates import Aggregate
from eventstore.clock import BackOff, SystemClock
from eventstore.errors import WrongExpectedVersion

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from eventstore.repository import AggregateRepository

A = TypeVar("A", bound=Aggregate[Any])
T = TypeVar("T")

ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = 0.005  # seconds; doubles, and chance takes a part of it
_LONGEST_PAUSE: Final = 0.25


class Pause(Protocol):
    """Waits so many seconds."""

    def __call__(self, seconds: float, /) -> Any: ...


def retrying(
    repository: AggregateRepository[A],
    aggregate_id: str,
    decide: Callable[[A], T],
    *,
    attempts: int = ATTEMPTS,
    random: Random | None = None,
    pause: Pause = time.sleep,
) -> T:
    """Load the aggregate, call `decide`, save, and return what `decide` gave; on `WrongExpectedVersion` load and decide again.

    decide: issues commands; it may be called several times, so it must do nothing else. Between two attempts it waits
    for a random time, or the same two would meet again. Raises the last refusal after so many attempts, and
    at once whatever else `decide`, load or save raise.
    """
    for seconds in _pauses(attempts, random or SystemRandom()):
        aggregate = repository.load(aggregate_id)
        decision = decide(aggregate)
        try:
            repository.save(aggregate)
        except WrongExpectedVersion:
            if seconds is None:
                raise
            pause(seconds)
        else:
            return decision
    msg = f"there must be an attempt at least, not {attempts}"
    raise ValueError(msg)


async def aretrying(
    repository: AggregateRepository[A],
    aggregate_id: str,
    decide: Callable[[A], T | Awaitable[T]],
    *,
    attempts: int = ATTEMPTS,
    random: Random | None = None,
    pause: Callable[[float], Awaitable[Any]] = asyncio.sleep,
) -> T:
    """`retrying` for coroutines; `decide` may be one."""
    for seconds in _pauses(attempts, random or SystemRandom()):
        aggregate = await repository.aload(aggregate_id)
        decision = decide(aggregate)
        decided: T = await decision if isawaitable(decision) else decision
        try:
            await repository.asave(aggregate)
        except WrongExpectedVersion:
            if seconds is None:
                raise
            await pause(seconds)
        else:
            return decided
    msg = f"there must be an attempt at least, not {attempts}"
    raise ValueError(msg)


def _pauses(attempts: int, random: Random) -> list[float | None]:
    """How long to wait behind each attempt; behind the last not at all."""
    back_off = BackOff(SystemClock(), _FIRST_PAUSE, _LONGEST_PAUSE, chance=random)
    pauses = [back_off.failed() for _ in range(attempts - 1)]
    return [*pauses, None] if attempts > 0 else []
