"""How far the log's clocks stand from ours. An hour off makes every "as of" wrong; it stops nothing, so it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from eventstore import metrics

if TYPE_CHECKING:
    from datetime import datetime

    from eventstore.events import Place
    from eventstore.ports import Clock

logger = structlog.get_logger(__name__)

OFF: Final = 60.0
"""Seconds from which on a clock is called off: far above what clocks that are kept right differ by."""

_TELL_AGAIN: Final = 60.0  # seconds


class LogClocks:
    """What this process last saw of each place's clock, in seconds ahead of its own; shared by its threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._skews: dict[Place, float] = {}
        self._told_at: dict[Place, float] = {}

    def answered(self, place: Place, recorded_at: int, asked_at: datetime) -> None:
        """The log has dated a record (ms) between `asked_at` and now: what lies outside of that is skew."""
        seconds = recorded_at / 1000
        ahead = max(0.0, seconds - self._clock.now().timestamp())
        behind = max(0.0, asked_at.timestamp() - seconds)
        self._note(place, ahead - behind)

    def folded(self, place: Place, recorded_at: int) -> None:
        """A record of the log (ms) may be as old as it likes, but not from the future."""
        ahead = recorded_at / 1000 - self._clock.now().timestamp()
        if ahead > OFF or self._skews.get(place, 0.0) > 0:
            self._note(place, max(0.0, ahead))

    def worst(self) -> tuple[Place, float] | None:
        """The place whose clock is farthest off, and how far; None before anything was seen."""
        seen = list(self._skews.items())
        return max(seen, key=lambda one: abs(one[1]), default=None)

    def _note(self, place: Place, skew: float) -> None:
        skew = round(skew, 1)
        if skew != self._skews.get(place):
            self._skews[place] = skew
            metrics.CLOCK_SKEW.labels(place.topic, place.partition).set(skew)
        if abs(skew) >= OFF:
            self._tell(place, skew)

    def _tell(self, place: Place, skew: float) -> None:
        now = self._clock.monotonic()
        if now - self._told_at.get(place, now - _TELL_AGAIN) >= _TELL_AGAIN:
            self._told_at[place] = now
            logger.warning(
                "a clock of the log is off",
                action="clock-skewed",
                place=str(place),
                skew_s=skew,
            )
