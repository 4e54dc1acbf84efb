"""What a key store of many keys takes: to look one up, to wrap all of them anew."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from eventstore.keys.rows import WrappedKey, context_of
from eventstore.ports import KeyName
from eventstore.sealing.box import SECRET_BYTES, commitment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from eventstore.keys.store import KeyStore
    from eventstore.ports import KeyProvider, KeyRing

MONTHS: Final = 24  # of each subject
_AT_ONCE: Final = 2_000


def fill(
    store: KeyStore,
    provider: KeyProvider,
    keys: int,
    progress: Callable[[int], None] = lambda _done: None,
) -> dict[UUID, tuple[KeyName, bytes]]:
    """Make so many keys, 24 months a subject; names and commitments by id. The store says that the log knows them."""
    made: dict[UUID, tuple[KeyName, bytes]] = {}
    for start in range(0, keys, _AT_ONCE):
        some = [_made(n) for n in range(start, min(keys, start + _AT_ONCE))]
        contexts = [(context_of(id_, name), secret) for id_, name, secret in some]
        wrapped = provider.wrap(contexts)
        rows = [
            WrappedKey(id_, name, box, commitment_of(secret), in_log=True)
            for (id_, name, secret), box in zip(some, wrapped, strict=True)
        ]
        store.mint(rows)
        store.mint_told([one.id for one in rows])
        made |= {one.id: (one.name, one.commitment) for one in rows}
        progress(len(made))
    return made


def look_ups(
    ring: KeyRing, names: Sequence[KeyName], rounds: int, random: Random
) -> list[float]:
    """Seconds that a look-up takes, of a key that the process does not remember."""
    taken = []
    for name in random.sample(names, rounds):
        started = time.perf_counter()
        ring.sealing([name])
        taken.append(time.perf_counter() - started)
    return taken


def _made(n: int) -> tuple[UUID, KeyName, bytes]:
    year, month = divmod(n % MONTHS, 12)
    name = KeyName(f"s-{n // MONTHS}", "talk", f"{2025 + year}-{month + 1:02}")
    return uuid4(), name, os.urandom(SECRET_BYTES)
