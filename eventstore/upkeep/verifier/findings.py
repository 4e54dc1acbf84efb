"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.events import Place


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two of them disagree. `what` names tables and columns, never a value of an event."""

    position: str
    what: str


@dataclass(slots=True)
class PlaceFindings:
    """One partition: what was compared, and the first difference if there is one.

    redated: records that the log dates before the one in front of them, so that their recorded_at is that one's (rule
    4); ahead: those that it dates in the future: both tell of a clock that was off. unfolded: offsets that the log holds beyond the cursor: a lag, not a difference.
    in_the_clear: events whose sensitive fields some other writer has not sealed. sealed: events with a box; of these, where it was asked, opened,
    erased (the key was destroyed by order) and unopenable, the first of which is `box`.
    """

    place: Place
    records: int = 0
    events: int = 0
    malformed: int = 0
    unreadable: int = 0
    redated: int = 0
    ahead: int = 0
    unfolded: int = 0
    in_the_clear: int = 0
    sealed: int = 0
    opened: int = 0
    erased: int = 0
    unopenable: int = 0
    difference: Difference | None = None
    box: Difference | None = None


@dataclass(slots=True)
class Findings:
    """All partitions, the heads of each topic, and what is worth knowing without being wrong."""

    places: list[PlaceFindings] = field(default_factory=list)
    heads: dict[str, Difference] = field(default_factory=dict)
    elsewhere: list[Difference] = field(default_factory=list)
    streams: int = 0
    event_ids_in_several_streams: int = 0

    @property
    def differences(self) -> Sequence[Difference]:
        """Everything that is wrong; empty when all agree."""
        found = [one for p in self.places for one in (p.difference, p.box)]
        differences = [one for one in found if one is not None]
        return [*differences, *self.heads.values(), *self.elsewhere]
