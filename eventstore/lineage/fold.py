"""A stream `privacy.{subject}` folded: keys, holds, orders, erasures. Pure: whoever has the log gets the same, in ten years too.

What may be doubted counts for the person whose data are held, not for who would destroy them: a hold that is placed twice
binds in all that either says, and an event that cannot be read is counted, for it may have been a hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from eventstore.events import RecordedEvent
    from eventstore.registry import PrivacyEvents, Registry

ERASURE: Final = "erasure"
RETENTION: Final = "retention"
UNDEAD: Final = "undead"
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Destroyed:
    """When and why a key was destroyed, first of all. rose: how often it came back since, and was destroyed again."""

    at: datetime
    why: str
    request: str | None
    rose: int = 0


@dataclass(frozen=True, slots=True)
class Key:
    """A key as the log knows it. minted_at: None where the log knows only its end."""

    id: UUID
    retention_class: str = ""
    month: str = ""
    commitment: str = ""
    minted_at: datetime | None = None
    destroyed: Destroyed | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that binds. months: empty for all of them."""

    id: str
    months: frozenset[str]
    clauses: tuple[str, ...]
    kind: str | None
    floor: date | None
    placed_at: datetime
    placed_by: str | None

    def binds(self, month: str) -> bool:
        """Whether a key of this month may not be destroyed."""
        return not self.months or month in self.months


@dataclass(frozen=True, slots=True)
class Order:
    """Keys were ordered to be destroyed. keys: of an erasure None, it takes all there are."""

    at: datetime
    why: str
    request: str | None
    requested_by: str | None
    approved_by: str | None
    keys: frozenset[UUID] | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that came to its end, and what it said of itself."""

    at: datetime
    request: str | None
    keys: int
    events: int
    requested_by: str | None
    approved_by: str | None
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Lineage:
    """What the log says of a subject, up to `version` of its stream."""

    subject: str
    version: int = 0
    keys: Mapping[UUID, Key] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    lifted: frozenset[str] = frozenset()
    orders: tuple[Order, ...] = ()
    erasures: tuple[Erasure, ...] = ()
    unreadable: int = 0

    @property
    def erased(self) -> Order | Erasure | None:
        """The order or, where it is done, the erasure by which the subject is forgotten; None if it is not."""
        if self.erasures:
            return self.erasures[0]
        return next((one for one in self.orders if one.why == ERASURE), None)

    @property
    def alive(self) -> list[Key]:
        """The keys that the log does not call destroyed."""
        return [key for key in self.keys.values() if key.destroyed is None]

    def open_orders(self) -> list[Order]:
        """Those that have not come to their end: of an erasure its last word, of others each of their keys."""
        done = {erasure.request for erasure in self.erasures}
        return [
            order
            for order in self.orders
            if (
                order.request not in done
                if order.keys is None
                else any(self._lives(key) for key in order.keys)
            )
        ]

    def held(self, months: Collection[str] | None = None) -> list[Hold]:
        """The holds that stand against destroying the keys of these months, or, None, any key."""
        return [
            hold
            for hold in self.holds.values()
            if months is None or any(hold.binds(month) for month in months)
        ]

    def _lives(self, key_id: UUID) -> bool:
        key = self.keys.get(key_id)
        return key is None or key.destroyed is None


def fold(subject: str, recorded: Iterable[RecordedEvent], types: Registry) -> Lineage:
    """What the events of the subject's stream come to, from its first version on."""
    folding = _Folding(subject, events_of(types))
    for one in recorded:
        event = None if one.problem is not None else types.event_of(one)
        folding.take(event, one.metadata.version, one.recorded_at)
    return folding.lineage()


def events_of(types: Registry) -> PrivacyEvents:
    """The domain's classes. Raises LookupError for a domain that names none."""
    if types.privacy is None:
        msg = "the registry has no privacy events: Registry.privacy_events"
        raise LookupError(msg)
    return types.privacy


class _Folding:
    """The state while a stream is folded."""

    def __init__(self, subject: str, events: PrivacyEvents) -> None:
        self._events = events
        self._taken = {
            events.minted: self._minted,
            events.ordered: self._ordered,
            events.destroyed: self._destroyed,
            events.completed: self._completed,
            events.placed: self._placed,
            events.lifted: self._lifted,
        }
        self._subject = subject
        self._version = self._unreadable = 0
        self._keys: dict[UUID, Key] = {}
        self._holds: dict[str, Hold] = {}
        self._lifts: set[str] = set()
        self._orders: list[Order] = []
        self._erasures: list[Erasure] = []

    def take(self, event: Any, version: int, at: datetime) -> None:
        self._version = version
        taken = self._taken.get(type(event))
        if event is None:
            self._unreadable += 1
        elif taken is not None:
            taken(event, at)

    def lineage(self) -> Lineage:
        return Lineage(
            subject=self._subject,
            version=self._version,
            keys=self._keys,
            holds=self._holds,
            lifted=frozenset(self._lifts),
            orders=tuple(self._orders),
            erasures=tuple(self._erasures),
            unreadable=self._unreadable,
        )

    def _minted(self, event: Any, at: datetime) -> None:
        id_ = UUID(event.key_id)
        known = self._keys.get(id_, Key(id_))
        if known.minted_at is None:  # the first word counts
            self._keys[id_] = replace(
                known,
                retention_class=event.retention_class,
                month=event.month,
                commitment=event.commitment,
                minted_at=at,
            )

    def _destroyed(self, event: Any, at: datetime) -> None:
        id_ = UUID(event.key_id)
        known = self._keys.get(id_, Key(id_))
        if known.destroyed is None:
            gone = Destroyed(at, event.why, event.request)
        else:
            risen = known.destroyed.rose + (event.why == UNDEAD)
            gone = replace(known.destroyed, rose=risen)
        self._keys[id_] = replace(known, destroyed=gone)

    def _ordered(self, event: Any, at: datetime) -> None:
        keys = None if event.keys is None else frozenset(map(UUID, event.keys))
        who = event.requested_by, event.approved_by
        self._orders.append(Order(at, event.why, event.request, *who, keys))

    def _completed(self, event: Any, at: datetime) -> None:
        counts = event.keys, event.events
        who = event.requested_by, event.approved_by
        found = dict(event.found or {})
        self._erasures.append(Erasure(at, event.request, *counts, *who, found))

    def _placed(self, event: Any, at: datetime) -> None:
        months = frozenset() if event.scope == ALL else frozenset(event.scope)
        made = Hold(
            event.hold_id,
            months,
            (event.clause,),
            event.kind,
            event.floor,
            at,
            event.requested_by,
        )
        known = self._holds.get(made.id)
        self._holds[made.id] = made if known is None else _both(known, made)

    def _lifted(self, event: Any, _at: datetime) -> None:
        if self._holds.pop(event.hold_id, None) is not None:
            self._lifts.add(event.hold_id)


def _both(first: Hold, second: Hold) -> Hold:
    """A hold that was placed twice, as wide and as long as either says."""
    is_all = not first.months or not second.months
    floors = [floor for floor in (first.floor, second.floor) if floor is not None]
    return replace(
        first,
        months=frozenset() if is_all else first.months | second.months,
        clauses=tuple(dict.fromkeys(first.clauses + second.clauses)),
        kind=first.kind or second.kind,
        floor=max(floors, default=None),
    )
