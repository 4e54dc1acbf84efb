"""An event whose box stays closed, as its class of today: what the clear half says, through the upcasters, and marks for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.registry.halves import Half
from eventstore.registry.problems import Problem

if TYPE_CHECKING:
    from eventstore.events import Withheld
    from eventstore.registry.event_classes import Written
    from eventstore.registry.event_type import Event, EventType
    from eventstore.registry.upcasters import Upcasters


class Halves:
    """Of the types of one registry, each made when it is first needed."""

    def __init__(self) -> None:
        self._made: dict[str, Half] = {}

    def read(
        self, known: EventType, upcasters: Upcasters, event: Written, mark: Withheld
    ) -> Event | Problem:
        """What can be said of the event."""
        hidden = known.sensitive
        clear = {n: v for n, v in event.data.items() if n not in hidden}
        try:
            if event.schema != known.schema:
                raised = upcasters.raised_half
                clear = dict(raised(known.name, clear, event.schema, known.schema))
                clear = {n: v for n, v in clear.items() if n not in hidden}
        except Exception:  # noqa: BLE001  (of a step: it is not given what it was written for)
            return Problem.SEALED_EARLIER
        half = self._made.get(known.name)
        if half is None:
            half = self._made[known.name] = Half(known.name, known.struct, hidden)
        made: Event | Problem = half.event(clear, mark)
        return made
