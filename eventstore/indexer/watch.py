"""What a running process looks at again once a minute: the topics are as they were, and no log has lost its beginning.

A view is compared with the log when it is loaded (rule 10), and a process that goes on appending loads none for days.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import LogTruncated
from eventstore.log.topics import check

if TYPE_CHECKING:
    import psycopg

    from eventstore.events import Place
    from eventstore.log.topics import Topics
    from eventstore.ports import Clock, Log

LOOK_AGAIN: Final = 60.0  # seconds; what was wrong is looked at every time


class Watch:
    """Looks, and remembers until when that is good enough. One thread's, as the log is."""

    def __init__(self, topics: Topics, log: Log, clock: Clock) -> None:
        self._topics = topics
        self._log = log
        self._clock = clock
        self._sound_at = -inf
        self._whole_at: dict[Place, float] = {}

    def doubt(self) -> None:
        """Something happened for which a changed topic would be a reason: the next look is due at once."""
        self._sound_at = -inf

    def look_at_topics(self, connection: psycopg.Connection[Any]) -> None:
        """Hold all topics against their rows, if that is due. Raises `LogMisconfigured`."""
        now = self._clock.monotonic()
        if now - self._sound_at > LOOK_AGAIN:
            check(self._topics, self._log, connection)
            self._sound_at = now

    def look_at_beginning(self, place: Place, cursor: int) -> None:
        """See that the place begins at offset 0, if that is due. Raises `LogTruncated`.

        Place by place: one that has no leader must not keep the others waiting.
        """
        now = self._clock.monotonic()
        if now - self._whole_at.get(place, -inf) <= LOOK_AGAIN:
            return
        extent = self._log.extents([place])[place]
        if extent.start:
            contents = f"it now holds offsets {extent.start} to {extent.end - 1}"
            raise LogTruncated(
                place.topic, place.partition, cursor=cursor, found=contents
            )
        self._whole_at[place] = now
