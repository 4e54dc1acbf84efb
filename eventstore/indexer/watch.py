"""What a running process looks at again once a minute: the topics are as they were, and no log has lost its beginning.

A view is held against the log when it is loaded (rule 10), and a process that goes on appending loads none for days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import LogTruncated
from eventstore.topics import check

if TYPE_CHECKING:
    import psycopg

    from eventstore.events import Place
    from eventstore.ports import Clock, Extent, Log
    from eventstore.topics import Topics

LOOK_AGAIN: Final = 60.0  # seconds
_SOON: Final = 1.0  # while a log lacks its beginning: once it is restored, all goes on


class Watch:
    """Looks, and remembers until when that is good enough. One thread's, as the log is."""

    def __init__(self, topics: Topics, log: Log, clock: Clock) -> None:
        self._topics = topics
        self._log = log
        self._clock = clock
        self._looked_at: float | None = None
        self._begin_later: dict[Place, Extent] = {}

    def look(self, connection: psycopg.Connection[Any]) -> None:
        """Look at everything now. Raises `LogMisconfigured`; and is asked again then, until all topics are right."""
        self._looked_at = None
        check(self._topics, self._log, connection)
        self._begin_later = {
            place: extent
            for place, extent in self._log.extents(self._topics.places).items()
            if extent.start
        }
        self._looked_at = self._clock.monotonic()

    def doubt(self) -> None:
        """Something happened for which a changed topic would be a reason: the next look is due at once."""
        self._looked_at = None

    def is_due(self) -> bool:
        """Whether the last look is too old."""
        good_for = _SOON if self._begin_later else LOOK_AGAIN
        return (
            self._looked_at is None
            or self._clock.monotonic() - self._looked_at > good_for
        )

    def refuse(self, place: Place, cursor: int) -> None:
        """Raise `LogTruncated` if the place began later than at offset 0 when it was last looked at."""
        if (extent := self._begin_later.get(place)) is not None:
            found = f"it now holds offsets {extent.start} to {extent.end - 1}"
            raise LogTruncated(place.topic, place.partition, cursor=cursor, found=found)
