"""The log is told of keys before anything is sealed under them."""

from __future__ import annotations

from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Final

from eventstore.conf import conf
from eventstore.errors import AppendOutcomeUnknown, KeyStoreUnavailable
from eventstore.events import Expected, NewEvent
from eventstore.lineage.ids import commit_of_minted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from eventstore.events import AppendResult
    from eventstore.keys.rows import Minted
    from eventstore.ports import Store
    from eventstore.registry import PrivacyEvents


_GRACE: Final = 0.5  # seconds behind an append's time-out


def record_minted(store: Store, events: PrivacyEvents, keys: Iterable[Minted]) -> None:
    """Have the log know these keys. Any process may do so, for any other's keys, and as often as it likes.

    All are proposed before the first answer is waited for: many new persons wait as long as one. Raises what an append raises; where an
    outcome is unknown `KeyStoreUnavailable`, for of what was to be sealed nothing was written.
    """
    told = [_proposed(store, events, key) for key in keys]
    for future in told:
        try:
            future.result(conf.APPEND_TIMEOUT + _GRACE)
        except (AppendOutcomeUnknown, FutureTimeout) as error:
            msg = "it is not known whether the log knows a new key"
            raise KeyStoreUnavailable(msg) from error


def _proposed(store: Store, events: PrivacyEvents, key: Minted) -> Future[AppendResult]:
    said = events.minted(
        key_id=str(key.id),
        retention_class=key.name.retention_class,
        month=key.name.month,
        commitment=key.commitment.hex(),
    )
    return store.submit(
        events.stream_of(key.name.subject),
        [NewEvent(said)],
        Expected.ANY,
        commit_id=commit_of_minted(key.id),
    )
