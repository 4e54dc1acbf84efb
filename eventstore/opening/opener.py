"""Opens boxes under keys that the log knows: the ring hands them out, their commitments in the log say whether they are believed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from eventstore.events import Withheld
from eventstore.ports import DataKey, Gone
from eventstore.sealing.box import cipher_of, commitment_of
from eventstore.sealing.opened import UNOPENABLE, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from eventstore.ports import KeyRing, SealedEvent
    from eventstore.sealing.box import Cipher

    Commitments = Callable[[Collection[UUID]], Mapping[UUID, bytes]]
    _Ready = tuple[float, DataKey | Gone, Cipher | Withheld]

_FRESH_S: Final = 1.0  # how long a key may be used without asking the ring again
_MOST: Final = 10_000  # keys made ready
_REASONS: Final = {"erasure": "erased", "retention": "expired", "lost": "lost"}
_NEVER: Final = Gone("lost")


class KeyOpener:
    """An `Opener` over a key ring; for use from many threads.

    commitments: of keys, by their ids, as the log holds them; one that it does not know is left out, and its key is not believed. None: nobody
    vouches for keys but the ring itself, as in memory.
    """

    def __init__(
        self, ring: KeyRing, commitments: Commitments | None, *, most: int = _MOST
    ) -> None:
        self._ring = ring
        self._most = most
        self._commitments = commitments
        self._known: dict[UUID, bytes] = {}  # as the log has them: they never change
        self._ready: dict[str, _Ready] = {}

    def prepare(self, keys: Iterable[str]) -> None:
        """See `Opener`."""
        self._fetch(keys)

    def _fetch(self, keys: Iterable[str]) -> Mapping[str, _Ready]:
        """Asks the ring anew for each, which keeps them no longer than it may. What is given stays the caller's, whatever other threads fetch."""
        ids = {UUID(key): key for key in keys}
        if not ids:
            return {}
        now, found = time.monotonic(), self._believed(list(ids))
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
        """A key that the log vouches for, or what became of it; `Gone("unopenable")` for one that is another than was minted. Raises `KeyStoreUnavailable`."""
        return self._believed([key_id])[key_id]

    def _believed(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        found = self._ring.opening(ids)
        if self._commitments is None:
            return {id_: found.get(id_, _NEVER) for id_ in ids}
        alive = [i for i in ids if isinstance(found.get(i), DataKey)]
        self._learn([id_ for id_ in alive if id_ not in self._known])
        return {id_: self._judged(id_, found.get(id_, _NEVER)) for id_ in ids}

    def _learn(self, ids: Collection[UUID]) -> None:
        if not ids or self._commitments is None:
            return
        if len(self._known) + len(ids) > self._most:
            self._known = {}
        self._known |= self._commitments(ids)

    def _judged(self, id_: UUID, key: DataKey | Gone) -> DataKey | Gone:
        if isinstance(key, Gone) or self._known.get(id_) == commitment_of(key.secret):
            return key
        return Gone("unopenable")


def _made_ready(key: DataKey | Gone) -> Cipher | Withheld:
    if isinstance(key, DataKey):
        return cipher_of(key)
    if key.why == UNOPENABLE.reason:
        return UNOPENABLE
    return Withheld(_REASONS.get(key.why, "erased"), key.at, key.request)
