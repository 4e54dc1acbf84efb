"""The log is told of a key before anything is sealed under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.errors import AppendOutcomeUnknown, KeyStoreUnavailable
from eventstore.events import Expected, NewEvent
from eventstore.lineage.ids import commit_of_minted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.keys.rows import Minted
    from eventstore.ports import Store
    from eventstore.registry import PrivacyEvents


def record_minted(store: Store, events: PrivacyEvents, keys: Iterable[Minted]) -> None:
    """Have the log know these keys. Any process may do so, for any other's keys, and as often as it likes.

    Raises what an append raises; where its outcome is unknown `KeyStoreUnavailable`, for of what was to be sealed nothing
    was written.
    """
    for key in keys:
        said = events.minted(
            key_id=str(key.id),
            retention_class=key.name.retention_class,
            month=key.name.month,
            commitment=key.commitment.hex(),
        )
        try:
            store.append(
                events.stream_of(key.name.subject),
                [NewEvent(said)],
                Expected.ANY,
                commit_id=commit_of_minted(key.id),
            )
        except AppendOutcomeUnknown as error:
            msg = "it is not known whether the log knows a new key"
            raise KeyStoreUnavailable(msg) from error
