"""Data keys are wrapped anew, under the key-encryption key of today: no data is touched, and no data key changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from eventstore.keys.store import LEAST_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.keys.store import KeyStore
    from eventstore.ports import KeyProvider

AT_ONCE: Final = 1_000  # keys


@dataclass(slots=True)
class Rotated:
    """What was done, or is to do. unfit: keys that their provider could not unwrap; they stay as they are."""

    current: str
    before: dict[str, int] = field(default_factory=dict)
    rewrapped: int = 0
    unfit: int = 0

    @property
    def to_do(self) -> int:
        """Keys under another key-encryption key, before it began."""
        return sum(self.before.values())


def rotate(
    store: KeyStore,
    provider: KeyProvider,
    *,
    dry_run: bool = False,
    at_once: int = AT_ONCE,
    progress: Callable[[int, str], None] = lambda _done, _kek: None,
) -> Rotated:
    """Wrap every living key anew that another key-encryption key wraps. The rows say how far it is: cut short, it goes on.

    A key that is destroyed meanwhile stays destroyed. One that a process wraps under an older key-encryption key behind its back
    is found by the next run.
    """
    current = provider.current()
    counts = {kek: store.count_under(kek) for kek in store.keks() if kek != current}
    rotated = Rotated(current, counts)
    if not dry_run:
        for kek in counts:
            _rotate_from(kek, rotated, store, provider, at_once, progress)
    return rotated


def _rotate_from(
    kek: str,
    rotated: Rotated,
    store: KeyStore,
    provider: KeyProvider,
    at_once: int,
    progress: Callable[[int, str], None],
) -> None:
    after = LEAST_ID
    while page := store.under(kek, after, at_once):
        after = page[-1].id
        anew = provider.rewrap([(one.context, one.wrapped) for one in page])
        pairs = [
            (one, new) for one, new in zip(page, anew, strict=True) if new is not None
        ]
        rotated.rewrapped += store.rewrap(pairs)
        rotated.unfit += len(page) - len(pairs)
        progress(rotated.rewrapped, kek)
