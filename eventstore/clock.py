"""Where time comes from: the clock port's one real adapter, and how long to wait before what failed is tried again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from random import Random

_LEAST: Final = 0.3  # of a pause, whatever chance takes off


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(UTC)  # noqa: TID251  (the one place)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()


class Ticking(Protocol):
    """What of a clock a pause needs."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""


class BackOff:
    """Pauses between tries that fail: each longer than the one before, up to a longest; behind a success the first again.

    growth: how many times as long the next one is. chance: takes a part off each, up to seven tenths, so that two who
    have failed together do not meet again; None: nothing is taken off.
    """

    def __init__(
        self,
        clock: Ticking,
        first_s: float,
        longest_s: float,
        *,
        growth: float = 2.0,
        chance: Random | None = None,
    ) -> None:
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._growth = growth
        self._chance = chance
        self._next_s = first_s
        self._due_at = -inf

    def failed(self) -> float:
        """A try has failed: seconds until the next one is due."""
        pause_s = self._next_s
        self._next_s = min(pause_s * self._growth, self._longest_s)
        if self._chance is not None:
            pause_s *= self._chance.uniform(_LEAST, 1.0)
        self._due_at = self._clock.monotonic() + pause_s
        return pause_s

    def succeeded(self) -> None:
        """A try has succeeded: the next pause is the first again. One that is under way goes on."""
        self._next_s = self._first_s

    @property
    def left_s(self) -> float:
        """Seconds until the last pause is over; 0.0 once it is."""
        return max(0.0, self._due_at - self._clock.monotonic())
