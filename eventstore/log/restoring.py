"""What stops a restore, said alike by every adapter: all of it leaves the mirror as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.errors import NotRestorable

if TYPE_CHECKING:
    from eventstore.events import Place

START_OVER: Final = (
    "Stop whoever writes to it, back up the topic if others' records matter, delete the topic, and run restore_log again:"
    " it creates it and puts back everything."
)


def written_by_others(place: Place, offset: int, landed_at: int) -> NotRestorable:
    """The place does not end where the next record belongs."""
    return NotRestorable(
        place.topic,
        place.partition,
        offset,
        f"somebody else writes to it: the log went on at offset {landed_at}",
        f"Nothing more was put back. {START_OVER}",
    )


def cut_short(place: Place, offset: int, reason: str) -> NotRestorable:
    """Nobody knows whether the records were written."""
    return NotRestorable(
        place.topic,
        place.partition,
        offset,
        f"the log did not answer ({reason})",
        "Run restore_log again: it looks at what has arrived and goes on from there.",
    )
