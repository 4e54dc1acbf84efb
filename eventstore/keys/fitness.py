"""Whether the key-encryption keys at hand are those that wrap what the key store has: asked at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors import KeyStoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.keys.store import KeyStore
    from eventstore.ports import KeyProvider


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
