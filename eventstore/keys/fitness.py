"""Whether the key-encryption keys at hand are those that wrap what the key store has: asked at the start."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from eventstore.database import connect, translated
from eventstore.errors import DatabaseUnanswered, DatabaseUnfit, KeyStoreUnavailable
from eventstore.keys.router import ALIAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.keys.store import KeyStore
    from eventstore.ports import KeyProvider

_PLACE: Final = "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM pg_control_system()"


def missing(store: KeyStore, provider: KeyProvider) -> Iterator[str]:
    """The ids of those that do not unwrap what they are said to have wrapped: one key of each is tried.

    Raises `KeyStoreUnavailable` where the store does not answer, or the provider has no key at all.
    """
    provider.current()
    for kek in store.keks():
        for key in store.under(kek, limit=1):
            try:
                [secret] = provider.unwrap([(key.context, key.wrapped)])
            except KeyStoreUnavailable as error:
                if kek not in error.reason:
                    raise
                secret = None
            if secret is None:
                yield kek


def neighbours() -> tuple[bool, bool]:
    """Whether keys and store are on one server, and whether they are in one database. Raises `KeyStoreUnavailable`."""
    keys, store = _place(ALIAS), _place("default")
    return keys[0] == store[0], keys == store


def _place(alias: str) -> tuple[int, int]:
    try:
        with translated(), closing(connect(alias)) as connection:
            row = connection.execute(_PLACE).fetchone()
    except (DatabaseUnanswered, DatabaseUnfit) as error:
        raise KeyStoreUnavailable from error
    assert row is not None  # noqa: S101  (it always has one)
    return row[0], row[1]
