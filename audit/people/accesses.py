"""Who looked at whose data, a row for each person: what the ledger's streams tell, found by the person and by who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from audit.people.models import Access
from audit.people.writing import distinct, place
from eventstore.projections import Projection
from eventstore.queries.connection import unchecked_cursor
from teddy_es.domain.access import DataAccessed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published

_AT_ONCE: Final = 10_000  # persons in a statement, and those of one event more
# The persons are told apart by the database: what their rows have in common travels once. An event that stands there says the same.
_PUT: Final = """
INSERT INTO people_access (subject, recorded_at, position, kind, purpose, actor, actor_kind, "object", reference)
SELECT named.subject, one.recorded_at, one.position, one.kind, one.purpose, one.actor, one.actor_kind, one."object", one.reference
  FROM json_to_recordset(%(looks)s::json) AS one (subjects json, recorded_at timestamptz, position bigint, kind text, purpose text,
                                                  actor text, actor_kind text, "object" text, reference text),
       json_array_elements_text(one.subjects) AS named (subject)
    ON CONFLICT (subject, recorded_at, position) DO NOTHING
"""


class Accesses(Projection):
    """An event may name ten thousand persons, so a statement ends by how many are named."""

    name = "accesses"
    models = (Access,)
    types = (DataAccessed,)
    at_once = _AT_ONCE

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        looks: list[dict[str, Any]] = []
        persons = 0
        for event in events:
            said = event.event
            if isinstance(said, DataAccessed):
                looks.append(_look(event, said))
                persons += len(said.subjects)
            if persons >= self.at_once:
                _put(looks)
                looks, persons = [], 0
        _put(looks)


def _put(looks: list[dict[str, Any]]) -> None:
    """Within the search path that the projection was given."""
    if looks:
        with unchecked_cursor() as cursor:
            text = msgspec.json.encode(looks).decode()
            cursor.execute(_PUT, {"looks": text})


def _look(event: Published, said: DataAccessed) -> dict[str, Any]:
    return {
        "subjects": distinct(said.subjects),
        "recorded_at": event.recorded_at,
        "position": place(event),
        "kind": said.kind,
        "purpose": said.purpose,
        "actor": said.actor,
        "actor_kind": said.actor_kind,
        "object": said.object,
        "reference": said.reference,
    }
