"""How far the log has come, as last asked: while the index is built anew, whoever follows stands beyond it at each look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import Place
    from eventstore.ports import Clock

KEEP: Final = 1.0  # seconds that an answer is good for: a log that was cut off is found behind them


class LogEnds:
    """For use from many threads: at worst two of them ask."""

    def __init__(self, clock: Clock, keep_s: float = KEEP) -> None:
        self._clock, self._keep_s = clock, keep_s
        self._seen: dict[Place, tuple[int, float]] = {}

    def reach(self, place: Place, offset: int, ask: Callable[[Place], int]) -> int:
        """Where the log's partition ends: as it was said a moment ago, if that is far enough; else it is asked."""
        now = self._clock.monotonic()
        end, at = self._seen.get(place, (0, now))
        if offset > end or now - at >= self._keep_s:
            end = ask(place)
            self._seen[place] = end, now
        return end
