"""The ring on the key store, and the one in memory, promise the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from eventstore.keys.rows import Tombstone
from eventstore.testing.key_ring_contract import KeyRingContract
from eventstore.testing.memory_keys import MemoryKeys
from tests.support.keys import Process, TheLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.ports import KeyName, KeyRing

AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


class TestMemoryKeys(KeyRingContract):
    @pytest.fixture
    def ring(self) -> MemoryKeys:
        return MemoryKeys()

    @pytest.fixture
    def erase(self, ring: MemoryKeys) -> Callable[[str, str], None]:
        def erased(subject: str, request: str) -> None:
            ring.erase(subject, request=request, at=AT)

        return erased

    @pytest.fixture
    def expire(self, ring: MemoryKeys) -> Callable[[KeyName], None]:
        def expired(name: KeyName) -> None:
            ring.expire(name, at=AT)

        return expired


class TestKeyStore(KeyRingContract):
    @pytest.fixture
    def process(self, transactional_db: None) -> Iterator[Process]:
        process = Process(TheLog())
        yield process
        process.close()

    @pytest.fixture
    def ring(self, process: Process) -> KeyRing:
        return process.ring

    @pytest.fixture
    def erase(self, process: Process) -> Callable[[str, str], None]:
        def erased(subject: str, request: str) -> None:
            process.store.erase(subject, at=AT, request=request)

        return erased

    @pytest.fixture
    def expire(self, process: Process) -> Callable[[KeyName], None]:
        def expired(name: KeyName) -> None:
            [key] = process.store.living([name])
            process.store.bury([Tombstone(key.id, name, AT, "retention")])

        return expired
