"""Consents: what a parent allowed for a child, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.people.models import Consent
from audit.people.writing import own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.parent import ConsentGranted, ConsentWithdrawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published

Allowed = tuple[str, str, str]
"""Parent, child, scope."""


class Consents(Projection):
    """A row each time that something was allowed. One that was never granted cannot be withdrawn, and makes no row."""

    name = "consents"
    models = (Consent,)
    types = (ConsentGranted, ConsentWithdrawn)

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        in_force = _in_force({own_id(event) for event in events})
        changed: list[Consent] = []
        for event in events:
            if row := in_force.pop(_allowed(event), None):
                _end(row, event)
                changed.append(row)
            if isinstance(event.event, ConsentGranted):
                row = in_force[_allowed(event)] = _granted(event, event.event)
                changed.append(row)
        put(Consent, {row.pk: row for row in changed}.values())


def _in_force(parents: set[str]) -> dict[Allowed, Consent]:
    rows = Consent.objects.filter(
        parent_id__in=parents, withdrawn_at=None, replaced_at=None
    )
    return {(row.parent_id, row.child_id, row.scope): row for row in rows}


def _allowed(event: Published) -> Allowed:
    said = event.event
    return own_id(event), said.child_id, said.scope  # type: ignore[attr-defined]


def _end(row: Consent, event: Published) -> None:
    if isinstance(event.event, ConsentGranted):
        row.replaced_at, row.replaced_position = event.recorded_at, place(event)
    else:
        row.withdrawn_at, row.withdrawn_position = event.recorded_at, place(event)


def _granted(event: Published, granted: ConsentGranted) -> Consent:
    return Consent(
        parent_id=own_id(event),
        version=event.version,
        child_id=granted.child_id,
        scope=granted.scope,
        policy_version=granted.policy_version,
        granted_at=event.recorded_at,
        granted_position=place(event),
    )
