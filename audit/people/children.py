"""Children, and whose they are. Rows come from the child's own stream alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.people.models import Child
from audit.people.writing import own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.child import ChildProfileUpdated, ChildRegistered
from teddy_es.domain.violations import SafetyViolationDetected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published


class Children(Projection):
    """A row for each child that has a stream, registered or not: whatever endangers a child can be recorded before anybody registers it."""

    name = "children"
    models = (Child,)
    types = (ChildRegistered, ChildProfileUpdated, SafetyViolationDetected)

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        rows = Child.objects.in_bulk({own_id(event) for event in events})
        for event in events:
            child_id = own_id(event)
            row = rows.get(child_id)
            if row is None:
                row = rows[child_id] = Child(
                    child_id=child_id,
                    known_at=event.recorded_at,
                    known_position=place(event),
                )
            _change(row, event)
        put(Child, rows.values())


def _change(row: Child, event: Published) -> None:
    """A second registration holds, as in the aggregate."""
    match event.event:
        case ChildRegistered() as registered:
            row.parent_id = registered.parent_id
            row.language = registered.language
            row.registered_at = event.recorded_at
            row.registered_position = place(event)
