"""Data keys in memory, for unit tests of applications: what a key ring promises, for one process, without a key store."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.errors import SubjectErased
from eventstore.ports import DataKey, Gone, KeyName
from eventstore.registry import SNAPSHOT_RETENTION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID


class MemoryKeys:
    """A `KeyRing`, forgotten with itself; for use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[KeyName, DataKey] = {}
        self._by_id: dict[UUID, DataKey | Gone] = {}
        self._erased: set[str] = set()
        self._destroyed: set[KeyName] = set()

    def held(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey] | None:
        """See `KeyRing`."""
        keys = self._keys
        try:
            return {name: keys[name] for name in names}
        except KeyError:
            return None

    def sealing(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey]:
        """See `KeyRing`."""
        with self._lock:
            return {name: self._key(name) for name in names}

    def opening(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`. What was never minted here is lost."""
        return {id_: self._by_id.get(id_, Gone("lost")) for id_ in ids}

    def fresh(self, ids: Collection[UUID]) -> Mapping[UUID, DataKey | Gone]:
        """See `KeyRing`."""
        return self.opening(ids)

    def erase(
        self, subject: str, *, request: str | None = None, at: datetime | None = None
    ) -> int:
        """Destroy all keys of a subject, for good; how many there were."""
        with self._lock:
            self._erased.add(subject)
            names = [name for name in self._keys if name.subject == subject]
            return self._destroy(names, Gone("erasure", at or _EPOCH, request))

    def expire(self, name: KeyName, *, at: datetime | None = None) -> int:
        """Destroy one key, as its time of keeping is over, and with it the key of the subject's states; how many there were."""
        states = KeyName(name.subject, SNAPSHOT_RETENTION, "all")
        with self._lock:
            self._destroyed.add(name)
            names = [one for one in (name, states) if one in self._keys]
            return self._destroy(names, Gone("retention", at or _EPOCH))

    def _key(self, name: KeyName) -> DataKey:
        if name.subject in self._erased:
            raise SubjectErased
        if name in self._destroyed:
            raise SubjectErased(name.month)
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = DataKey(uuid4(), name, os.urandom(32))
            self._by_id[key.id] = key
        return key

    def _destroy(self, names: Collection[KeyName], gone: Gone) -> int:
        for name in names:
            self._by_id[self._keys.pop(name).id] = gone
        return len(names)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def keys_of_this_process() -> MemoryKeys:
    """One for all that a process writes and reads: what EVENTSTORE["KEYS"] may name in tests."""
    return MemoryKeys()
