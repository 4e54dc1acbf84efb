"""What a key store of many keys takes: to look one up, and to wrap all of them anew under another key-encryption key."""

from __future__ import annotations

import os
import time
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.keys.cache import Cache
from eventstore.keys.providers.local import LocalKeys, of_file, put_in_front
from eventstore.keys.ring import Ring
from eventstore.keys.rotating import rotate
from eventstore.keys.rows import WrappedKey, context_of
from eventstore.keys.store import KeyStore
from eventstore.ports import KeyName
from eventstore.privacy.configured import replaying
from eventstore.privacy.log_lineage import LogLineage
from eventstore.sealing.box import SECRET_BYTES, commitment_of
from teddy_es.bench.alone import alone
from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series, percentile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.ports import KeyProvider, KeyRing
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

KEYS: Final = 10_000
MONTHS: Final = 24  # of each subject
_AT_ONCE: Final = 2_000
_LOOKED_UP: Final = 1_000  # at most, a round


def keys(plan: Plan, world: World) -> Iterator[Series]:
    """ms a look-up of a key that the process does not remember, keys a second that are wrapped anew, and the peak of memory of that."""
    wanted = plan.keys or KEYS
    with TemporaryDirectory() as folder:
        file = Path(folder) / "kek"
        put_in_front(file)
        provider = LocalKeys(partial(of_file, file))
        with closing(KeyStore()) as store:
            plan.tell(f"filling a key store with {wanted} keys")
            known = fill(store, provider, wanted)
        if plan.wants("seal/key-look-up"):
            yield from _look_ups(plan, provider, known)
        if plan.wants("seal/key-rotate"):
            turn = partial(_rotated, world, file, wanted)
            taken = plan.alternate("seal/key-rotate", {OURS: turn})[OURS]
            speeds = tuple(wanted / seconds for seconds, _ in taken)
            peaks = tuple(peak for _, peak in taken)
            yield Series("seal/key-rotate", OURS, "keys/s", speeds)
            yield Series("seal/key-rotate-memory", OURS, "MB", peaks)


def fill(store: KeyStore, provider: KeyProvider, wanted: int) -> list[WrappedKey]:
    """Make so many keys, 24 months a subject. The store says that the log knows them; those that are given back it has to be told of.

    These are spread over all of them.
    """
    kept: list[WrappedKey] = []
    step = max(1, wanted // _LOOKED_UP)
    for start in range(0, wanted, _AT_ONCE):
        names = [_name(n) for n in range(start, min(wanted, start + _AT_ONCE))]
        rows = _made(names, provider)
        store.mint(rows)
        store.mint_told([one.id for one in rows])
        kept += rows[-start % step :: step]
    with connect("keys") as connection:
        connection.execute("ANALYZE")
    return kept[:_LOOKED_UP]


def look_ups(ring: KeyRing, names: Sequence[KeyName]) -> list[float]:
    """Seconds that each look-up takes, of a key that the process does not remember."""
    taken = []
    for name in names:
        started = time.perf_counter()
        ring.sealing([name])
        taken.append(time.perf_counter() - started)
    return taken


def _look_ups(
    plan: Plan, provider: KeyProvider, known: Sequence[WrappedKey]
) -> Iterator[Series]:
    lineage = LogLineage(replaying)
    lineage.record_minted([one.minted for one in known])
    names = [one.name for one in known]
    Random(1).shuffle(names)

    def turn() -> list[float]:
        with _a_ring(provider, lineage) as ring:
            ring.opening([known[0].id])  # its session is there
            return look_ups(ring, names)

    rounds = plan.alternate("seal/key-look-up", {OURS: turn})[OURS]
    in_ms = [one * 1_000 for taken in rounds for one in taken]
    middles = tuple(median(taken) * 1_000 for taken in rounds)
    p50, p99 = percentile(in_ms, 50), percentile(in_ms, 99)
    yield Series("seal/key-look-up", OURS, "ms", middles, p50, p99)


@contextmanager
def _a_ring(provider: KeyProvider, lineage: LogLineage) -> Iterator[Ring]:
    """One that remembers nothing yet."""
    ring = Ring(KeyStore(), provider, lineage, Cache(SystemClock()))
    try:
        yield ring
    finally:
        ring.close()


def _rotated(world: World, file: Path, wanted: int) -> tuple[float, float]:
    """Seconds and MB of one rotation, in a process of its own."""
    put_in_front(file)
    return alone(_rotate, world, str(file), wanted)


def _rotate(file: str, wanted: int) -> float:
    with closing(KeyStore()) as store:
        began = time.monotonic()
        rotated = rotate(store, LocalKeys(partial(of_file, Path(file))))
        took = time.monotonic() - began
    if rotated.rewrapped != wanted:
        msg = f"{rotated.rewrapped} keys were wrapped anew, not {wanted}"
        raise RuntimeError(msg)
    return took


def _made(names: Sequence[KeyName], provider: KeyProvider) -> list[WrappedKey]:
    made = [(uuid4(), name, os.urandom(SECRET_BYTES)) for name in names]
    contexts = [(context_of(id_, name), secret) for id_, name, secret in made]
    wrapped = provider.wrap(contexts)
    return [
        WrappedKey(id_, name, box, commitment_of(secret), in_log=True)
        for (id_, name, secret), box in zip(made, wrapped, strict=True)
    ]


def _name(n: int) -> KeyName:
    year, month = divmod(n % MONTHS, 12)
    return KeyName(f"s-{n // MONTHS}", "talk", f"{2025 + year}-{month + 1:02}")
