"""A share of time: folding one place for long must not keep whoever waits for another one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eventstore.errors import LogUnanswered

if TYPE_CHECKING:
    from eventstore.events import Place
    from eventstore.ports import Clock, Extent

NOT_IN_TIME: Final = "what has to be folded first was not folded in time"


class ShareSpent(LogUnanswered):
    """The place was folded for as long as one call may; more waits there. Call again: it goes on where it stood."""

    def __init__(self) -> None:
        super().__init__(NOT_IN_TIME)


@dataclass(frozen=True, slots=True)
class Patience:
    """What a question to the log keeps from one share of time to the next.

    deadline: on the monotonic clock; None: as long as it takes. extents: of the log, as read first: whoever writes on
    and on must not keep the question for ever.
    """

    deadline: float | None = None
    extents: dict[Place, Extent] = field(default_factory=dict)


class Share:
    """The time of one call, from now on. seconds: how long it may fold; deadline: until when, on the monotonic clock; None: as long as it takes."""

    def __init__(
        self, clock: Clock, seconds: float | None, deadline: float | None
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._deadline = deadline
        self._begun = clock.monotonic()

    def refuse_if_spent(self) -> None:
        """Raise `LogUnanswered` after the deadline, `ShareSpent` after the share."""
        now = self._clock.monotonic()
        if self._deadline is not None and now > self._deadline:
            raise LogUnanswered(NOT_IN_TIME)
        if self._seconds is not None and now - self._begun > self._seconds:
            raise ShareSpent
