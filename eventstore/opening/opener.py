"""Opens boxes under the keys that the ring hands out: it holds each against the log's word (`keys.ring`), and gives none that is another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from eventstore.events import Withheld
from eventstore.ports import LOST, DataKey, Gone
from eventstore.sealing.box import cipher_of
from eventstore.sealing.opened import UNOPENABLE, opened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from eventstore.ports import KeyRing, SealedEvent
    from eventstore.sealing.box import Cipher

    _Ready = tuple[float, DataKey | Gone, Cipher | Withheld]

_FRESH_S: Final = 1.0  # how long a key may be used without asking the ring again
_MOST: Final = 10_000  # keys made ready
_REASONS: Final = {"erasure": "erased", "retention": "expired", "lost": "lost"}


class KeyOpener:
    """An `Opener` over a key ring; for use from many threads."""

    def __init__(self, ring: KeyRing, *, most: int = _MOST) -> None:
        self._ring = ring
        self._most = most
        self._ready: dict[str, _Ready] = {}

    def prepare(self, keys: Iterable[str]) -> None:
        """See `Opener`."""
        self._fetch(keys)

    def _fetch(self, keys: Iterable[str]) -> Mapping[str, _Ready]:
        """Asks the ring anew for each, which keeps them no longer than it may. What is given stays the caller's, whatever other threads fetch."""
        ids = {UUID(key): key for key in keys}
        if not ids:
            return {}
        now, found = time.monotonic(), self._given(list(ids))
        known = self._ready
        fetched: dict[str, _Ready] = {}
        for id_, text in ids.items():
            key, earlier = found[id_], known.get(text)
            same = earlier is not None and earlier[1] is key
            fetched[text] = (
                now,
                key,
                earlier[2] if earlier and same else _made_ready(key),
            )
        if len(known) + len(fetched) > self._most:
            self._ready = dict(fetched)
        else:
            known.update(fetched)
        return fetched

    def open(
        self, stream_id: str, commit_id: UUID, event: SealedEvent
    ) -> Mapping[str, Any] | Withheld:
        """See `Opener`."""
        if event.sealed is None:
            return {}
        key = event.sealed.key
        ready = self._ready.get(key)
        if ready is None or time.monotonic() - ready[0] > _FRESH_S:
            ready = self._fetch([key])[key]
        cipher = ready[2]
        if isinstance(cipher, Withheld):
            return cipher
        return opened(cipher, stream_id, commit_id, event)

    def key(self, key_id: UUID) -> DataKey | Gone:
        """A key as the ring gives it, or what became of it; `Gone("unopenable")` for one that is another than was minted. Raises `KeyStoreUnavailable`."""
        return self._given([key_id])[key_id]

    def _given(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        found = self._ring.opening(ids)
        return {id_: found.get(id_, LOST) for id_ in ids}


def _made_ready(key: DataKey | Gone) -> Cipher | Withheld:
    if isinstance(key, DataKey):
        return cipher_of(key)
    if key.why == UNOPENABLE.reason:
        return UNOPENABLE
    return Withheld(_REASONS.get(key.why, "erased"), key.at, key.request)
