"""Which events end the transaction in which they are handled: found one after the other, however many there are.

Such an event takes with it what was handled beside it, and the checkpoint. So, from there on, each commit is handed over
in a transaction of its own until the batch that broke is behind: what is good is handled and stays; the event that breaks
is known, since it was alone, and in the next transaction is parked without being tried. What is remembered only saves
time: a worker that begins anew finds out again, and comes further at every turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.subscriptions.handling import LOST, SEVERAL, HandlerBroke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.subscriptions.checkpoints import Held
    from eventstore.subscriptions.parking import Due

_LOSSES: Final = (
    5  # sessions that an event loses, alone, before it is to blame and not the server
)


class Culprits:
    """What one worker knows of them."""

    def __init__(self) -> None:
        self._at: int | Due = -1  # a partition, or a stream that is tried again
        self._reached = -1
        self._careful: dict[int, int] = {}  # by partition: as far as its batch went
        self._ahead: dict[int, dict[int, HandlerBroke]] = {}  # by partition
        self._queued: tuple[Due, dict[int, HandlerBroke]] | None = None
        self._losses = (-1, 0)  # of the last that lost one, how many in a row

    def careful(self, held: Held) -> bool:
        """Whether a batch that broke is not behind yet."""
        return held.start < self._careful.get(held.partition_id, -1)

    def ahead(self, held: Held, reached: int) -> Mapping[int, HandlerBroke]:
        """Those that are not to be tried of what comes next, by position. reached: where the batch ends that is handed over now."""
        self._at, self._reached = held.partition_id, reached
        known = self._ahead.get(held.partition_id, {})
        later = {at: broke for at, broke in known.items() if at >= held.start}
        self._ahead[held.partition_id] = later
        return later

    def queued(self, due: Due) -> Mapping[int, HandlerBroke]:
        """The same of a parked stream. What was known of an earlier attempt counts no more: it is tried anew."""
        self._at = due
        if self._queued is None or self._queued[0] != due:
            self._queued = due, {}
        return self._queued[1]

    def learn(self, error: HandlerBroke) -> bool:
        """Remember who broke; False where it may have been the server, and is to be tried again."""
        position, is_server = error.position, error.code == LOST
        if position == SEVERAL:
            self._go_carefully()
        elif not is_server or self._has_lost_too_many(position):
            self._accuse(position, error)
            return True
        return not is_server

    def settled(self) -> None:
        """What was handed over is committed."""
        if self._queued is not None and self._queued[0] == self._at:
            self._queued = None
        self._losses = (-1, 0)

    def _go_carefully(self) -> None:
        if isinstance(self._at, int):
            before = self._careful.get(self._at, -1)
            self._careful[self._at] = max(before, self._reached)

    def _has_lost_too_many(self, position: int) -> bool:
        before, lost = self._losses
        self._losses = position, lost + 1 if before == position else 1
        return self._losses[1] >= _LOSSES

    def _accuse(self, position: int, error: HandlerBroke) -> None:
        if isinstance(self._at, int):
            self._ahead[self._at][position] = error
            self._go_carefully()
        elif self._queued is not None:
            self._queued[1][position] = error
