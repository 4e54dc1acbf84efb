"""What stands beneath a store as a test wants it: a log behind a network that can fail, keys that can be away. Named by settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventstore.errors import KeyStoreUnavailable
from eventstore.log.embedded import EmbeddedLog
from eventstore.testing.faulty_log import FaultyLog, Network
from eventstore.testing.memory_keys import MemoryKeys

if TYPE_CHECKING:
    from eventstore.database import Connect
    from eventstore.ports import Log


class Beneath:
    """What all stores of a process stand on."""

    network = Network()
    keys_are_away = False

    @classmethod
    def begin(cls) -> None:
        """As if nothing had happened."""
        cls.network = Network()
        cls.keys_are_away = False


class _Keys(MemoryKeys):
    def sealing(self, names: Any) -> Any:
        """See `KeyRing`."""
        self._answer()
        return super().sealing(names)

    def opening(self, ids: Any) -> Any:
        """See `KeyRing`."""
        self._answer()
        return super().opening(ids)

    def held(self, names: Any) -> Any:
        """See `KeyRing`."""
        return None if Beneath.keys_are_away else super().held(names)

    @staticmethod
    def _answer() -> None:
        if Beneath.keys_are_away:
            raise KeyStoreUnavailable


_KEYS = _Keys()


def log(connect: Connect) -> Log:
    """For `EVENTSTORE["LOG"]`."""
    return FaultyLog(EmbeddedLog(connect), Beneath.network)


def keys() -> MemoryKeys:
    """For `EVENTSTORE["KEYS"]`."""
    return _KEYS
