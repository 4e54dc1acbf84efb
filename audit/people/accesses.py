"""Who looked at whose data, a row for each person: what the ledger's streams tell, found by the person and by who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.people.models import Access
from audit.people.writing import distinct, place, put
from eventstore.projections import Projection
from teddy_es.domain.access import DataAccessed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.bus import Published


class Accesses(Projection):
    """An event may name ten thousand persons, so few events are handled at once."""

    name = "accesses"
    models = (Access,)
    types = (DataAccessed,)
    most = 500

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        rows: list[Access] = []
        for event in events:
            rows += _rows(event)
            if len(rows) >= self.most:
                put(Access, rows)
                rows = []
        put(Access, rows)


def _rows(event: Published) -> Iterator[Access]:
    said = event.event
    if isinstance(said, DataAccessed):
        for subject in distinct(said.subjects):
            yield Access(
                subject=subject,
                recorded_at=event.recorded_at,
                position=place(event),
                kind=said.kind,
                purpose=said.purpose,
                actor=said.actor,
                actor_kind=said.actor_kind,
                object=said.object,
                reference=said.reference,
            )
