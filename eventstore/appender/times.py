"""How long the stages of a turn took, told in the log: every turn at debug, a slow one for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from eventstore.ports import Clock

logger = structlog.get_logger(__name__)

_SLOW: Final = 1.0  # seconds


class StageTimes:
    """Milliseconds by stage, from the end of one to the end of the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = self._last = clock.monotonic()
        self._stages: dict[str, float] = {}

    def end(self, stage: str) -> None:
        """The stage ends now."""
        now = self._clock.monotonic()
        self._stages[f"{stage}_ms"] = round((now - self._last) * 1000, 3)
        self._last = now

    def report(self, *, commits: int, left: int) -> None:
        """Say how long the turn took, with how many commits it had and how many it left unsettled."""
        slow = self._last - self._begun > _SLOW
        facts = {"commits": commits, "left": left, **self._stages}
        if slow:
            logger.warning("a batch of appends was slow", action="append-slow", **facts)
        else:
            logger.debug("a batch of appends ended", action="append-timed", **facts)
