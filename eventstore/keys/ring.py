"""The key ring on the key store: looks up, mints where there is none, opens; never gives a key that the log does not know.

Where a process may be killed between two lines, the next one who asks goes on (tests/integration/keys/test_key_crashes.py).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from eventstore.errors import KeyStoreUnavailable, SubjectErased
from eventstore.keys.rows import WrappedKey, context_of
from eventstore.ports import LOST, DataKey, Gone
from eventstore.sealing.box import SECRET_BYTES, commitment_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from uuid import UUID

    from eventstore.keys.cache import Cache
    from eventstore.keys.lineage import Lineage
    from eventstore.keys.store import KeyStore
    from eventstore.ports import KeyName, KeyProvider

UNFIT: Final = Gone("unopenable")
AT_ONCE: Final = 1_000  # keys


class Ring:
    """See `KeyRing`."""

    def __init__(
        self, store: KeyStore, provider: KeyProvider, lineage: Lineage, cache: Cache
    ) -> None:
        self._store = store
        self._provider = provider
        self._lineage = lineage
        self._cache = cache

    def held(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey] | None:
        """See `KeyRing`."""
        found = self._cache.of_names(names)
        is_whole = len(found) == len(names) or len(found) == len(set(names))
        return found if is_whole else None

    def sealing(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey]:
        """See `KeyRing`.

        1. keys that are there        2. where there is none: one is made, in the store
        3. the log is told            4. the store knows that it was told
        A crash between any two leaves a key that nobody has sealed under yet; whoever asks for its name next goes on.
        """
        wanted = dict.fromkeys(names)
        found = self._cache.of_names(wanted)
        missing = [name for name in wanted if name not in found]
        for some in _in_parts(missing):
            found |= self._fetched(some)
        return found

    def opening(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        wanted = dict.fromkeys(ids)
        found = self._cache.of_ids(wanted)
        return found | self.fresh([one for one in wanted if one not in found])

    def fresh(self, ids: Collection[UUID]) -> dict[UUID, DataKey | Gone]:
        """As `opening`, from the store, whatever this process remembers."""
        found: dict[UUID, DataKey | Gone] = {}
        for some in _in_parts(list(dict.fromkeys(ids))):
            asked = self._cache.asking()
            kept = self._store.of_ids(some)
            living = [one for one in kept.values() if isinstance(one, WrappedKey)]
            opened: dict[UUID, DataKey | Gone] = dict.fromkeys(some, LOST)
            opened |= {id_: one for id_, one in kept.items() if isinstance(one, Gone)}
            opened |= self._opened(living)
            self._cache.keep(opened, asked)
            found |= opened
        return found

    def forget(self, subjects: Iterable[str]) -> None:
        """Drop what this process remembers of these: their keys were destroyed."""
        self._cache.forget(subjects)

    def close(self) -> None:
        """Let go of keys and sessions."""
        self._cache.clear()
        self._store.close()

    # ---- below: how

    def _fetched(self, names: Sequence[KeyName]) -> dict[KeyName, DataKey]:
        asked = self._cache.asking()
        living = self._store.living(names)  # 1
        there = {one.name for one in living}
        missing = [name for name in names if name not in there]
        if missing:
            living += self._minted(missing)  # 2
        self._tell([one for one in living if not one.in_log])  # 3, 4
        opened = self._opened(living)
        keys = {one.name: one for one in opened.values() if isinstance(one, DataKey)}
        if len(keys) < len(names):
            msg = "a data key is not the one that the log knows"
            raise KeyStoreUnavailable(msg)
        self._cache.keep(opened, asked)
        return keys

    def _minted(self, names: Sequence[KeyName]) -> list[WrappedKey]:
        self._remember({name.subject for name in names})
        secrets = [os.urandom(SECRET_BYTES) for _ in names]
        ids = [uuid4() for _ in names]
        contexts = [context_of(*one) for one in zip(ids, names, strict=True)]
        wrapped = self._provider.wrap(list(zip(contexts, secrets, strict=True)))
        made = zip(ids, names, wrapped, secrets, strict=True)
        return self._store.mint(
            [
                WrappedKey(id_, name, box, commitment_of(secret), in_log=False)
                for id_, name, box, secret in made
            ]
        )

    def _remember(self, subjects: Collection[str]) -> None:
        """A store that was put back may have forgotten who was erased, and which months are over."""
        for subject in sorted(set(subjects) - self._store.known(subjects)):
            past = self._lineage.past(subject)
            self._store.bury(list(past.destroyed), told=True)
            if past.erased is not None:
                at, request = past.erased
                self._store.erase(subject, at=at, request=request)

    def _tell(self, keys: Sequence[WrappedKey]) -> None:
        if not keys:
            return
        self._lineage.record_minted([one.minted for one in keys])  # 3
        destroyed = self._store.mint_told([one.id for one in keys])  # 4
        if destroyed:
            raise SubjectErased

    def _opened(self, keys: Sequence[WrappedKey]) -> dict[UUID, DataKey | Gone]:
        """Unwrapped, and held against what the store and the log say of them."""
        if not keys:
            return {}
        secrets = self._provider.unwrap([(one.context, one.wrapped) for one in keys])
        known = self._lineage.commitments([one.id for one in keys])
        return {
            one.id: _checked(one, secret, known.get(one.id))
            for one, secret in zip(keys, secrets, strict=True)
        }


def _checked(
    key: WrappedKey, secret: bytes | None, known: bytes | None
) -> DataKey | Gone:
    if secret is None or len(secret) != SECRET_BYTES:
        return UNFIT
    if not commitment_of(secret) == key.commitment == known:
        return UNFIT
    return DataKey(key.id, key.name, secret)


def _in_parts(wanted: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (wanted[n : n + AT_ONCE] for n in range(0, len(wanted), AT_ONCE))
