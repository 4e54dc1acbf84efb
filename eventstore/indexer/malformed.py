"""What the log says of malformed records: each is counted and kept in the mirror; lines are bounded, for whoever writes garbage writes much."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

import structlog

from eventstore import metrics
from eventstore.protocol.fold import Verdict

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.ports import Clock
    from eventstore.protocol.fold import Folded, Judged

logger = structlog.get_logger(__name__)

TELL_AGAIN: Final = 60.0
"""Seconds from one line of a place to its next."""


@dataclass(slots=True)
class _Silence:
    """Since when a place is silent, how many records had no line meanwhile, and the last of them."""

    since: float
    untold: int = 0
    last: Judged | None = None


class MalformedLines:
    """A line for a place's first malformed record, then one a minute at most, with how many had none; shared by a process's threads."""

    def __init__(self, clock: Clock, *, tell_again: float = TELL_AGAIN) -> None:
        self._clock = clock
        self._tell_again = tell_again
        self._silences: dict[Place, _Silence] = {}
        self._lock = Lock()

    def is_silent(self, place: Place) -> bool:
        """Whether its last line is from this minute, or something was left untold since."""
        return place in self._silences

    def folded(self, place: Place, folded: Folded) -> None:
        """Count what is malformed, and say as much of it as is due; what was left untold before, too."""
        malformed = [one for one in folded.judged if one.verdict is Verdict.MALFORMED]
        for one in malformed:
            metrics.MALFORMED.labels(one.reason).inc()
        with self._lock:
            self._tell(place, malformed)

    def _tell(self, place: Place, malformed: list[Judged]) -> None:
        now = self._clock.monotonic()
        silence = self._silences.get(place)
        if silence is None and malformed:
            _say(place, malformed.pop(0), untold=0)
            silence = self._silences[place] = _Silence(now)
        if silence is None:  # another thread has ended it
            return
        if malformed:
            silence.untold += len(malformed)
            silence.last = malformed[-1]
        if now - silence.since < self._tell_again:
            return
        if silence.last is None:
            del self._silences[place]
            return
        _say(place, silence.last, untold=silence.untold - 1)
        self._silences[place] = _Silence(now)


def _say(place: Place, one: Judged, *, untold: int) -> None:
    """Without anything of its content (rule 5)."""
    logger.warning(
        "malformed record in the log",
        action="record-malformed",
        place=str(place),
        offset=one.entry.offset,
        reason=one.reason,
        untold=untold,
    )
