"""What can be shown of an erasure: who ordered it, what was destroyed, where it had been, and what a look now finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from eventstore.conf import conf, registry
from eventstore.errors import RequestNotFound
from eventstore.events import CommitEvent, Withheld, written
from eventstore.keys.router import ALIAS
from eventstore.lineage.ids import correlation_of
from eventstore.opening import opener
from eventstore.ports import DataKey
from eventstore.queries.lineage import streams_of
from eventstore.queries.subjects import about

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eventstore.events import RecordedEvent
    from eventstore.lineage.fold import Erasure, Key, Lineage, Order
    from eventstore.opening import KeyOpener
    from eventstore.ports import Clock
    from eventstore.privacy.deciding import Deciding
    from eventstore.privacy.shelf import KeyShelf

METHOD: Final = "cryptographic erase: the keys were destroyed, and what is sealed under them stays as bytes that nobody can open"
WRAPPED_COPIES: Final = (
    f"the key store, the database of the alias {ALIAS}, and its backups. Its rows hold none any more; PostgreSQL's pages and write-ahead log there"
    " may hold what is overwritten, wrapped, until they are recycled"
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried to see that it is so: keys were asked for, and boxes that are sealed under them were to be opened."""

    at: datetime
    keys_asked: int
    keys_found: int
    boxes: int
    opened: int

    @property
    def is_verified(self) -> bool:
        """The keys are gone, and nothing opened."""
        return not self.keys_found and not self.opened


@dataclass(frozen=True, slots=True)
class Certificate:
    """Of one subject. erasure: None while it is not at its end. keks: the keys that wrapped those that were destroyed."""

    request: str
    subject: str
    order: Order
    erasure: Erasure | None
    destroyed: Sequence[Key]
    minted: int
    destroyed_in_all: int
    keks: Sequence[str]
    tried: Tried

    def facts(self) -> dict[str, Any]:
        """For programs, and for a page: in the order in which they are read."""
        erasure = self.erasure
        return {
            "request": self.request,
            "subject": self.subject,
            "is_complete": erasure is not None,
            "ordered_at": self.order.at.isoformat(),
            "completed_at": erasure.at.isoformat() if erasure else None,
            "requested_by": self.order.requested_by,
            "approved_by": self.order.approved_by,
            "method": METHOD,
            "keys_destroyed": len(self.destroyed),
            "keys_minted_in_all": self.minted,
            "keys_destroyed_in_all": self.destroyed_in_all,
            "events_covered": erasure.events if erasure else None,
            "found": dict(erasure.found) if erasure else None,
            "keys": [_key(key) for key in self.destroyed],
            "wrapped_copies": WRAPPED_COPIES,
            "provider": conf.KEK,
            "wrapped_under": list(self.keks),
            "backups": self._backups(),
            "verified": {
                "at": self.tried.at.isoformat(),
                "keys_asked": self.tried.keys_asked,
                "keys_found": self.tried.keys_found,
                "boxes_tried": self.tried.boxes,
                "boxes_opened": self.tried.opened,
                "is_verified": self.tried.is_verified,
            },
        }

    def _backups(self) -> str:
        days = conf.KEY_BACKUP_DAYS
        if not days:
            return "nobody has said how long backups of the key store are kept (EVENTSTORE['KEY_BACKUP_DAYS'])"
        if self.erasure is None:
            return f"kept {days} days"
        gone = (self.erasure.at + timedelta(days=days)).date()
        return f"those of the key store that may hold the keys are gone by {gone} ({days} days)"


class Certifying:
    """Looks in the log for who ordered what, and tries whether it is so."""

    def __init__(self, deciding: Deciding, shelf: KeyShelf, clock: Clock) -> None:
        self._deciding = deciding
        self._shelf = shelf
        self._clock = clock

    def certificates(self, request: str) -> list[Certificate]:
        """One for each subject of the request. Raises `RequestNotFound`, `KeyStoreUnavailable`."""
        wanted = self._deciding.events.ordered
        [name] = [t.name for t in registry().event_types() if t.struct is wanted]
        streams = streams_of(correlation_of(request), name)
        subjects = [stream_id.partition(".")[2] for stream_id in streams]
        if not subjects:
            raise RequestNotFound(request)
        return [self._certificate(request, subject) for subject in subjects]

    def _certificate(self, request: str, subject: str) -> Certificate:
        lineage = self._deciding.lineage(subject)
        order = next(one for one in lineage.orders if one.request == request)
        destroyed = [
            key
            for key in lineage.keys.values()
            if key.destroyed is not None and key.destroyed.request == request
        ]
        ids = {key.id for key in destroyed}
        keks = {row.kek for row in self._shelf.rows(subject) if row.id in ids}
        done = (one for one in lineage.erasures if one.request == request)
        return Certificate(
            request,
            subject,
            order,
            next(done, None),
            destroyed,
            minted=sum(key.minted_at is not None for key in lineage.keys.values()),
            destroyed_in_all=sum(
                key.destroyed is not None for key in lineage.keys.values()
            ),
            keks=sorted(keks - {""}),
            tried=self._tried(lineage),
        )

    def _tried(self, lineage: Lineage) -> Tried:
        """All keys that the log calls destroyed, whatever for: none of them may be there."""
        ids = [key.id for key in lineage.keys.values() if key.destroyed is not None]
        mine = opener()
        found = sum(isinstance(mine.key(one), DataKey) for one in ids)
        boxes = about(lineage.subject, set(map(str, ids)), registry()).boxes
        return Tried(
            at=self._clock.now(),
            keys_asked=len(ids),
            keys_found=found,
            boxes=len(boxes),
            opened=sum(_opens(mine, box) for box in boxes),
        )


def _opens(mine: KeyOpener, box: RecordedEvent) -> bool:
    """Whether somebody who may could read it. What it holds is looked at by nobody."""
    metadata = box.metadata
    event = CommitEvent(
        metadata.event_id,
        metadata.event_type,
        box.schema,
        written(metadata.timestamp),
        None,
        None,
        {},
        box.sealed,
    )
    opened = mine.open(metadata.stream_id, box.commit_id, event)
    return not isinstance(opened, Withheld)


def _key(key: Key) -> dict[str, Any]:
    gone = key.destroyed
    return {
        "id": str(key.id),
        "retention_class": key.retention_class,
        "month": key.month,
        "minted_at": None if key.minted_at is None else key.minted_at.isoformat(),
        "destroyed_at": None if gone is None else gone.at.isoformat(),
        "came_back_and_was_destroyed_again": 0 if gone is None else gone.rose,
    }
