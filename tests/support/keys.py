"""What the key store's tests share: a log's word about keys, in memory, and rings on the test's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.clock import SystemClock
from eventstore.errors import KeyStoreUnavailable
from eventstore.keys.cache import Cache
from eventstore.keys.lineage import Past
from eventstore.keys.providers.local import LocalKeys
from eventstore.keys.ring import Ring
from eventstore.keys.sessions import Sessions
from eventstore.keys.store import KeyStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from uuid import UUID

    from eventstore.keys.rows import Minted
    from eventstore.ports import Clock, KeyProvider

KEK = bytes(range(32))
OLDER_KEK = bytes(range(1, 33))


class TheLog:
    """Remembers what it was told, as a log does."""

    def __init__(self) -> None:
        self.minted: dict[UUID, Minted] = {}
        self.pasts: dict[str, Past] = {}
        self.is_undead = False
        self.before_minted: Callable[[], None] = lambda: None
        self.after_minted: Callable[[], None] = lambda: None
        self.gate_asked = 0

    def record_minted(self, keys: Iterable[Minted]) -> None:
        """See `Lineage`."""
        self.before_minted()
        for key in keys:
            self.minted.setdefault(key.id, key)
        self.after_minted()

    def commitments(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See `Lineage`."""
        return {one: self.minted[one].commitment for one in ids if one in self.minted}

    def past(self, subject: str) -> Past:
        """See `Lineage`."""
        return self.pasts.get(subject, Past())

    def refuse_undead(self) -> None:
        """See `Lineage`."""
        self.gate_asked += 1
        if self.is_undead:
            msg = "destructions are being carried out again"
            raise KeyStoreUnavailable(msg)


def a_provider(*secrets: bytes) -> LocalKeys:
    """The first of these keys wraps."""
    return LocalKeys(lambda: secrets or (KEK,))


class Process:
    """As a process of the store's is: a ring, and who destroys, which has the ring forget."""

    def __init__(
        self,
        log: TheLog,
        *,
        provider: KeyProvider | None = None,
        clock: Clock | None = None,
        most: int = 1_000,
        sessions: int = 8,
    ) -> None:
        self.cache = Cache(clock or SystemClock(), most=most)
        self.ring = Ring(
            KeyStore(Sessions(log.refuse_undead, most=sessions)),
            provider or a_provider(),
            log,
            self.cache,
        )
        self.store = KeyStore(ended=self.ring.forget)

    def close(self) -> None:
        """It ends."""
        self.ring.close()
        self.store.close()
