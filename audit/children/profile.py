"""A child's profile as its events say it: each field with the event that set it, then and today. Pure but for who opens the events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eventstore.queries.picked import events_at
from eventstore.queries.positions import packed_of, position_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.children.axis import FactRow
    from eventstore.events import RecordedEvent, Withheld
    from eventstore.ports import Opener

OF_PROFILE: Final = ("ChildRegistered", "ChildProfileUpdated")
_SEALED_FIELDS: Final = ("name", "birth_date")
"""Of a registration; the others stand in the clear."""


@dataclass(frozen=True, slots=True)
class ProfileField:
    """A field then and today; None: it was not said, or taken away. set_by: of what it was then."""

    name: str
    then: str | None
    today: str | None
    set_by: FactRow | None

    @property
    def differs(self) -> bool:
        """Whether it is something else today."""
        return self.then != self.today


@dataclass(frozen=True, slots=True)
class Unopened:
    """An event of the profile that could not be opened: what it set is not known."""

    fact: FactRow
    why: Withheld


@dataclass(frozen=True, slots=True)
class Profile:
    """What was opened."""

    fields: Sequence[ProfileField]
    unopened: Sequence[Unopened]


def profile_of(
    then: Sequence[FactRow], today: Sequence[FactRow], opener: Opener
) -> Profile:
    """then: the facts that were known at the moment, today: those up to the link's cut, `then` among them. Raises `KeyStoreUnavailable`."""
    facts = {f.position: f for f in today if f.kind in OF_PROFILE}
    events = _opened([*facts], opener)
    known = {fact.position for fact in then}
    before = _folded(e for e in events if packed_of(e.position) in known)
    now = _folded(events)
    names = sorted({*before, *now})
    return Profile(
        [_field(name, before.get(name), now.get(name), facts) for name in names],
        [
            Unopened(facts[packed_of(event.position)], event.withheld)
            for event in events
            if event.withheld is not None
        ],
    )


_Set = tuple[str | None, int]
"""A value, and the place of the event that set it."""


def _opened(positions: Sequence[int], opener: Opener) -> Sequence[RecordedEvent]:
    left, events = [position_of(one) for one in positions], list[Any]()
    while left:
        read = events_at(left, opener=opener)
        events += read
        left = left[len(read) :]
    return events


def _folded(events: Iterable[RecordedEvent]) -> Mapping[str, _Set]:
    """As the aggregate does: the newest word counts, and None takes a field away."""
    fields: dict[str, _Set] = {}
    for event in events:
        place = packed_of(event.position)
        said: Any = event.data.get("changes")
        if event.metadata.event_type == OF_PROFILE[0]:
            said = {n: event.data[n] for n in _SEALED_FIELDS if n in event.data}
        if isinstance(said, Mapping):
            fields |= {name: (_text(value), place) for name, value in said.items()}
    return fields


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _field(
    name: str, then: _Set | None, now: _Set | None, facts: Mapping[int, FactRow]
) -> ProfileField:
    return ProfileField(
        name,
        then and then[0],
        now and now[0],
        facts[then[1]] if then else None,
    )
