"""What a follower's handler fails of: some events, a few times each, whoever handles them and whoever is killed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

_ONE_IN: Final = 150  # events
_MOST: Final = (
    5  # failures of one event; the last of them come when its stream is parked for good
)


class NotYet(Exception):  # noqa: N818  (what the handler says)
    """The handler fails of this event, this time."""


class Trouble:
    """How often an event was failed of is the size of a file, which is neither rolled back nor killed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def strike(self, event_id: UUID) -> None:
        """Raises NotYet until the event was failed of as often as its id says: most never."""
        if event_id.int % _ONE_IN:
            return
        path = self._folder / str(event_id)
        failed = path.stat().st_size if path.exists() else 0
        if failed < 1 + event_id.int // _ONE_IN % _MOST:
            with path.open("ab") as file:
                file.write(b".")
            raise NotYet

    @property
    def failures(self) -> int:
        """So many until now."""
        return sum(path.stat().st_size for path in self._folder.iterdir())
