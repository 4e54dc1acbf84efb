"""The log's word about keys, as the key store asks for it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from eventstore.conf import registry
from eventstore.database import and_hang_up, described, is_the_databases
from eventstore.errors import IndexIncomplete, KeyStoreUnavailable, LogUnanswered
from eventstore.keys.lineage import Past
from eventstore.keys.rows import Tombstone
from eventstore.lineage import lookup
from eventstore.lineage.fold import events_of
from eventstore.lineage.recording import record_minted
from eventstore.ports import KeyName
from eventstore.queries.present import as_it_is_now
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from uuid import UUID

    from eventstore.keys.rows import Minted
    from eventstore.privacy.undead import Replaying

T = TypeVar("T")


class LogLineage:
    """See `eventstore.keys.lineage.Lineage`. replaying: made when it is first needed, for it needs the store."""

    def __init__(self, replaying: Callable[[], Replaying]) -> None:
        self._replaying = replaying

    def record_minted(self, keys: Collection[Minted]) -> None:
        """See `Lineage`."""
        with _had():
            record_minted(get_event_store(), events_of(registry()), keys)

    def commitments(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See `Lineage`."""
        with _had():
            return _read(partial(lookup.commitments, ids, registry()))

    def past(self, subject: str) -> Past:
        """See `Lineage`."""
        with _had():
            lineage = _read(partial(lookup.lineage_of, subject, registry()))
        erased = lineage.erased
        return Past(
            erased=None if erased is None else (erased.at, erased.request or ""),
            destroyed=[
                Tombstone(
                    key.id,
                    KeyName(subject, key.retention_class, key.month),
                    gone.at,
                    gone.why,
                    gone.request,
                    bytes.fromhex(key.commitment),
                )
                for key in lineage.keys.values()
                if (gone := key.destroyed) is not None
            ],
        )

    def refuse_undead(self) -> None:
        """See `Lineage`."""
        with _had():
            _read(self._replaying().refuse_undead)


def _read(read: Callable[[], T]) -> T:
    """As it is now. In the appender's thread, which opens boxes where commits are repeated, nobody looks after Django's connection."""
    if get_event_store().may_wait():
        return as_it_is_now(read)
    return and_hang_up(read)


@contextmanager
def _had() -> Iterator[None]:
    """Whoever asks for a key hears one thing where the log's word cannot be had: nothing was written, nothing is opened."""
    try:
        yield
    except (IndexIncomplete, LogUnanswered) as error:
        msg = "the log's word about keys cannot be had: it is not folded to its end"
        raise KeyStoreUnavailable(msg) from error
    except Exception as error:
        if not is_the_databases(error):
            raise
        msg = f"the log's word about keys cannot be read ({described(error)})"
        raise KeyStoreUnavailable(msg) from error
