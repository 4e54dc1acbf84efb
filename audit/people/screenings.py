"""Which message a safety filter has judged: by which detector, under which version of the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.people.models import Screening
from audit.people.writing import own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.conversation import MessageScreened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published


class Screenings(Projection):
    """A row each time; a message that was judged twice has two."""

    name = "screenings"
    models = (Screening,)
    types = (MessageScreened,)

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        put(Screening, [_row(event, event.event) for event in events])


def _row(event: Published, screened: object) -> Screening:
    if not isinstance(screened, MessageScreened):
        msg = "no other type is followed"
        raise TypeError(msg)
    return Screening(
        conversation_id=own_id(event),
        version=event.version,
        child_id=screened.child_id,
        message_version=screened.message_version,
        detector=screened.detector,
        policy_version=screened.policy_version,
        recorded_at=event.recorded_at,
        position=place(event),
    )
