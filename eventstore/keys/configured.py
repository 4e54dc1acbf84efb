"""The key store and its ring of this process, by the settings. The log's word about keys is handed in from above."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from eventstore.clock import SystemClock
from eventstore.conf import conf
from eventstore.keys.cache import Cache
from eventstore.keys.providers.local import LocalKeys, of_file, of_texts
from eventstore.keys.ring import Ring
from eventstore.keys.sessions import Sessions
from eventstore.keys.store import KeyStore

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from eventstore.keys.lineage import Lineage
    from eventstore.ports import KeyProvider, Wrapped

FILE: Final = "file"
ENVIRONMENT: Final = "env"
VAULT: Final = "vault"
KINDS: Final = (FILE, ENVIRONMENT, VAULT)

_handed_in: list[Callable[[], Lineage]] = []


def hand_in(lineage: Callable[[], Lineage]) -> None:
    """Who knows the log says how it is asked about keys, when Django is ready."""
    _handed_in[:] = [lineage]


@cache
def key_ring() -> Ring:
    """This process's; what EVENTSTORE["KEYS"] names. Raises ImproperlyConfigured."""
    if not _handed_in:
        msg = "Nobody has said how the log is asked about keys: eventstore.keys.configured.hand_in."
        raise ImproperlyConfigured(msg)
    lineage = _handed_in[0]()
    store = KeyStore(Sessions(lineage.refuse_undead))
    wrapping: KeyProvider = provider() if conf.KEK else _Nobody()
    return Ring(store, wrapping, lineage, Cache(SystemClock()))


@cache
def key_store() -> KeyStore:
    """This process's, for those who destroy: the ring forgets at once what they do. It asks nobody whether keys have risen."""
    return KeyStore(ended=_forget)


@cache
def provider() -> KeyProvider:
    """Who wraps and unwraps. Raises ImproperlyConfigured."""
    if not conf.KEK:
        _refuse()
    if conf.KEK == FILE:
        path = Path(conf.KEK_FILE)
        return LocalKeys(lambda: of_file(path))
    if conf.KEK == ENVIRONMENT:
        texts = tuple(conf.KEK_SECRETS)
        return LocalKeys(lambda: of_texts(texts))
    if conf.KEK == VAULT:
        return _vault()
    made: KeyProvider = import_string(conf.KEK)()
    return made


def reset() -> None:
    """Let go of all of it: the next who asks gets it by the settings of then."""
    for kept in (key_ring, key_store):
        if kept.cache_info().currsize:
            kept().close()
        kept.cache_clear()
    provider.cache_clear()


class _Nobody:
    """Where nobody is named who wraps keys: a domain that seals nothing has its store all the same, and whoever seals hears of it."""

    def current(self) -> str:
        """See `KeyProvider`, as the rest."""
        _refuse()

    def wrap(self, secrets: Sequence[tuple[bytes, bytes]]) -> Sequence[Wrapped]:
        del secrets
        _refuse()

    def unwrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[bytes | None]:
        del wrapped
        _refuse()

    def rewrap(
        self, wrapped: Sequence[tuple[bytes, Wrapped]]
    ) -> Sequence[Wrapped | None]:
        del wrapped
        _refuse()


def _refuse() -> NoReturn:
    msg = "EVENTSTORE['KEK'] names nobody who wraps keys."
    raise ImproperlyConfigured(msg)


def _vault() -> KeyProvider:
    try:
        from eventstore.keys.providers.vault import Place, VaultKeys
    except ImportError as error:
        msg = "EVENTSTORE['KEK'] is vault, and its client is not installed: pip install hvac"
        raise ImproperlyConfigured(msg) from error
    try:
        return VaultKeys(Place(**conf.VAULT))
    except TypeError as error:
        msg = f"EVENTSTORE['VAULT'] is not as docs/SETTINGS.md says: {error}"
        raise ImproperlyConfigured(msg) from error


def _forget(subjects: Collection[str]) -> None:
    if key_ring.cache_info().currsize:
        key_ring().forget(subjects)
