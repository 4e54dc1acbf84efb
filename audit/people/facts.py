"""A child's axis: everything that happened to it, was decided about it or done with its data, a row each.

What would be many rows of one kind is one: of a conversation its beginning stands here, of staff who looked the day.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from audit.people.models import Fact, Lane
from audit.people.writing import distinct, occurred, own_id, place, put
from eventstore.projections import Projection
from teddy_es.domain.access import DataAccessed
from teddy_es.domain.child import ChildProfileUpdated, ChildRegistered
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationEnded,
    ConversationStarted,
    MessageScreened,
    TeddyReplied,
)
from teddy_es.domain.parent import ConsentGranted, ConsentWithdrawn, ErasureRequested
from teddy_es.domain.privacy import (
    DestructionOrdered,
    ErasureCompleted,
    HoldLifted,
    HoldPlaced,
)
from teddy_es.domain.violations import (
    SafetyViolationAcknowledged,
    SafetyViolationClaimed,
    SafetyViolationDecisionProposed,
    SafetyViolationDecisionRefused,
    SafetyViolationDetected,
    SafetyViolationEscalated,
    SafetyViolationReleased,
    SafetyViolationReopened,
    SafetyViolationResolved,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eventstore.bus import Published

MENTIONED: Final = "Mentioned"
VIEWS: Final = "Views"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TALKS: Final = (
    ConversationStarted,
    ChildSpoke,
    TeddyReplied,
    MessageScreened,
    ConversationEnded,
)
_ABOUT_VIOLATION: Final = ("violation_id", "officer")
# event → its line, and the fields in clear that say what it was
_TOLD: Final[Mapping[type[Any], tuple[Lane, tuple[str, ...]]]] = MappingProxyType(
    {
        ChildRegistered: (Lane.CHANGE, ("parent_id", "language")),
        ChildProfileUpdated: (Lane.CHANGE, ()),
        SafetyViolationDetected: (
            Lane.VIOLATION,
            (
                *("violation_id", "category", "severity", "detector", "rule"),
                *("conversation_id", "message_id"),
            ),
        ),
        SafetyViolationAcknowledged: (Lane.VIOLATION, _ABOUT_VIOLATION),
        SafetyViolationClaimed: (Lane.VIOLATION, _ABOUT_VIOLATION),
        SafetyViolationReleased: (Lane.VIOLATION, _ABOUT_VIOLATION),
        SafetyViolationEscalated: (Lane.VIOLATION, ("violation_id", "level")),
        SafetyViolationResolved: (
            Lane.VIOLATION,
            (*_ABOUT_VIOLATION, "outcome", "clause"),
        ),
        SafetyViolationDecisionProposed: (
            Lane.VIOLATION,
            (*_ABOUT_VIOLATION, "outcome", "clause"),
        ),
        SafetyViolationDecisionRefused: (Lane.VIOLATION, _ABOUT_VIOLATION),
        SafetyViolationReopened: (Lane.VIOLATION, _ABOUT_VIOLATION),
        ConsentGranted: (Lane.CONSENT, ("scope", "policy_version")),
        ConsentWithdrawn: (Lane.CONSENT, ("scope",)),
        ErasureRequested: (Lane.PRIVACY, ()),
        DestructionOrdered: (
            Lane.PRIVACY,
            ("why", "request", "requested_by", "approved_by"),
        ),
        ErasureCompleted: (
            Lane.PRIVACY,
            ("request", "keys", "events", "requested_by", "approved_by"),
        ),
        HoldPlaced: (
            Lane.PRIVACY,
            ("hold_id", "scope", "clause", "kind", "floor", "requested_by"),
        ),
        HoldLifted: (
            Lane.PRIVACY,
            ("hold_id", "clause", "requested_by", "approved_by"),
        ),
    }
)
_OF_PARENT: Final = (ConsentGranted, ConsentWithdrawn, ErasureRequested)


class Facts(Projection):
    """An event may name ten thousand children, so few events are handled at once."""

    name = "facts"
    models = (Fact,)
    types = (*_TOLD, *_TALKS, DataAccessed)
    most = 500

    def handle(self, events: Sequence[Published]) -> None:
        """See `Projection`."""
        talked_of = _talked_of(events)
        rows: dict[tuple[str, int], Fact] = {}
        for event in events:
            for row in _rows(event, talked_of):
                rows[row.child_id, row.position] = row
            if len(rows) >= self.most:
                _put(rows)
                rows = {}
        _put(rows)


def _put(rows: Mapping[tuple[str, int], Fact]) -> None:
    """In the order of their keys: the day of a child is written by whoever handles a partition, and two may do so at once."""
    put(Fact, [rows[key] for key in sorted(rows)])


def _talked_of(events: Sequence[Published]) -> dict[str, set[str]]:
    """Of the conversations of these events: the children that are known to be named in them."""
    names = {own_id(event) for event in events if isinstance(event.event, _TALKS)}
    found: dict[str, set[str]] = defaultdict(set)
    among = Fact.objects.filter(conversation_id__in=names) if names else ()
    for fact in among:
        found[str(fact.conversation_id)].add(fact.child_id)
    return found


def _rows(event: Published, talked_of: dict[str, set[str]]) -> Iterator[Fact]:
    said: Any = event.event
    if isinstance(said, DataAccessed):
        yield from _accesses(event, said)
    elif isinstance(said, _TALKS):
        of_it = talked_of[own_id(event)]
        if said.child_id not in of_it:
            yield _talk(event, said.child_id, is_first=not of_it)
            of_it.add(said.child_id)
    else:
        yield _told(event, said)


def _told(event: Published, said: Any) -> Fact:
    lane, names = _TOLD[type(said)]
    about = {n: v for n in names if (v := getattr(said, n)) is not None}
    child_id = own_id(event)
    if isinstance(said, _OF_PARENT):
        child_id, about["parent_id"] = said.child_id, own_id(event)
    return _fact(event, child_id, lane, type(said).__name__, about)


def _talk(event: Published, child_id: str, *, is_first: bool) -> Fact:
    """A conversation is the child's that its first event names; another is named in it."""
    kind = ConversationStarted.__name__ if is_first else MENTIONED
    row = _fact(event, child_id, Lane.CONVERSATION, kind, {})
    row.conversation_id = own_id(event)
    return row


def _accesses(event: Published, said: DataAccessed) -> Iterator[Fact]:
    if said.kind == "export":
        about = {"purpose": said.purpose, "actor": said.actor, "by": said.actor_kind}
        if said.reference is not None:
            about["reference"] = said.reference
        for child_id in distinct(said.subjects):
            yield _fact(event, child_id, Lane.EXPORT, type(said).__name__, about)
    elif said.actor_kind == "officer":
        day = (event.recorded_at - _EPOCH).days
        for child_id in distinct(said.subjects):
            yield _views(child_id, day)


def _views(child_id: str, day: int) -> Fact:
    """The same whoever looked first, and however often: who looked how often, `Access` says."""
    midnight = _EPOCH + timedelta(days=day)
    return Fact(
        child_id=child_id,
        position=day,
        lane=Lane.VIEW,
        kind=VIEWS,
        version=0,
        recorded_at=midnight,
        occurred_at=midnight,
        about={},
    )


def _fact(
    event: Published, child_id: str, lane: Lane, kind: str, about: Mapping[str, Any]
) -> Fact:
    return Fact(
        child_id=child_id,
        position=place(event),
        lane=lane,
        kind=kind,
        version=event.version,
        recorded_at=event.recorded_at,
        occurred_at=occurred(event),
        about=dict(about),
    )
