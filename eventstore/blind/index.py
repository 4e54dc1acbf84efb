"""One blind index: what it is of, how it is asked, and who fills it."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from eventstore.blind import rows
from eventstore.conf import registry
from eventstore.events import Withheld
from eventstore.opening import key_ring, opener
from eventstore.opening.recorded import as_sealed
from eventstore.ports import DataKey, KeyName
from eventstore.queries.connection import reading_cursor, unchecked_cursor
from eventstore.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.registry import Event

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LABEL: Final = b"eventstore.blind/1"
_CLASS: Final = "blind"


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """Streams by a sealed field of one of their events; of several such events of a stream the newest counts.

    name: a-z, then up to 39 of a-z 0-9 - ; for good: its key, its rows and its checkpoint have it. event, field: where the
    value stands, by its name in the log. normalise: what is the same to people must become the same text; raise the number
    in `name` when it changes.
    """

    name: str
    event: type[Event]
    field: str
    normalise: Callable[[str], str]

    def __post_init__(self) -> None:
        """Raises ValueError for a name that cannot be."""
        if not _NAME.fullmatch(self.name):
            msg = f"{self.name!r} is no blind index's name: a-z, then up to 39 of a-z 0-9 -"
            raise ValueError(msg)

    def find(self, value: str) -> Sequence[str]:
        """The ids of the streams with this value, as far as the subscription has come. Raises `KeyStoreUnavailable`."""
        digest = self.digest(value)
        with reading_cursor() as cursor:
            return rows.find(cursor, self.name, digest)

    def subscription(self) -> Subscription:
        """Who fills the index: `blind-{name}`, for EVENTSTORE["SUBSCRIPTIONS"]."""
        return Subscription(
            name=f"blind-{self.name}",
            raw_handler=self.handle,
            types=[self.event, _destroyed()],
        )

    def handle(self, events: Sequence[RecordedEvent]) -> None:
        """Take up values, and let go of those whose key is gone. Raises `KeyStoreUnavailable`: the worker waits."""
        types = {t.struct: t.name for t in registry().event_types()}
        for event in events:
            if event.metadata.event_type == types[self.event]:
                self._take(event)
            else:
                self._let_go(event)

    def digest(self, value: str) -> bytes:
        """Of a value, normalised. Raises `KeyStoreUnavailable`."""
        name = KeyName(f"blind-{self.name}", _CLASS, "all")
        key = key_ring().sealing([name])[name]
        said = self.normalise(value).encode()
        return hmac.digest(key.secret, _LABEL + said, "sha256")

    def _take(self, event: RecordedEvent) -> None:
        """Nothing of a value that cannot be opened any more.

        1. hold the key's name, which whoever lets go of it holds, too     2. ask the key store, past what this process
        remembers: a key is gone there before the log says so     3. write. So of an erasure and a value that is taken up at
        the same moment the erasure is always the later one.
        """
        if event.sealed is None:
            return
        with unchecked_cursor() as cursor:
            rows.hold(cursor, event.sealed.key)  # 1
            value = self._opened(event)  # 2
            if value is not None:
                digest = self.digest(value)
                rows.put(cursor, self.name, event.metadata, event.sealed.key, digest)

    def _opened(self, event: RecordedEvent) -> str | None:
        if event.sealed is None or not _is_alive(event.sealed.key):
            return None
        stream_id = event.metadata.stream_id
        fields: Any = opener().open(stream_id, event.commit_id, as_sealed(event))
        value = None if isinstance(fields, Withheld) else fields.get(self.field)
        return value if isinstance(value, str) else None

    def _let_go(self, event: RecordedEvent) -> None:
        key = event.data.get("key_id")
        with unchecked_cursor() as cursor:
            rows.hold(cursor, str(key))
            rows.remove(cursor, self.name, str(key))


def _is_alive(key: str) -> bool:
    id_ = UUID(key)
    return isinstance(key_ring().fresh([id_])[id_], DataKey)


def _destroyed() -> type[Any]:
    """The domain's event of a key's end. Raises ImproperlyConfigured where it names none: nothing would ever go from the index."""
    events = registry().privacy
    if events is None:
        msg = (
            "A blind index needs the domain's privacy events: Registry.privacy_events."
        )
        raise ImproperlyConfigured(msg)
    return events.destroyed
