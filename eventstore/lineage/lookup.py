"""The log's word about keys: of single ones by an index, of a person's by their stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventstore.lineage.fold import Destroyed, events_of, fold
from eventstore.lineage.ids import commit_of_destroyed, commit_of_minted
from eventstore.queries.connection import prepared_cursor
from eventstore.queries.lineage import told
from eventstore.queries.streams import read_stream

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from eventstore.lineage.fold import Lineage
    from eventstore.registry import Registry


def commitments(ids: Collection[UUID], types: Registry) -> Mapping[UUID, bytes]:
    """What the log says of each key that was made: SHA-256 of it under the sealing's label. One that it does not know is left out."""
    commits = [commit_of_minted(one) for one in ids]
    return {
        UUID(event.key_id): bytes.fromhex(event.commitment)
        for event, _ in _told(commits, types, events_of(types).minted)
    }


def destroyed(ids: Collection[UUID], types: Registry) -> Mapping[UUID, Destroyed]:
    """When and why those of the keys ended of which the log says that they are gone. Nothing is opened, and no key store is asked."""
    commits = [commit_of_destroyed(one) for one in ids]
    return {
        UUID(event.key_id): Destroyed(at, event.why, event.request)
        for event, at in _told(commits, types, events_of(types).destroyed)
    }


def lineage_of(subject: str, types: Registry) -> Lineage:
    """What the log says of a person's keys. Whoever may mint for a person asks it: a key store that was put back may have forgotten."""
    stream_id = events_of(types).stream_of(subject)
    types.stream_type_of(stream_id)
    with prepared_cursor() as cursor:
        return fold(subject, list(read_stream(cursor, stream_id)), types)


def _told(
    commits: Collection[UUID], types: Registry, wanted: type[Any]
) -> list[tuple[Any, datetime]]:
    """The events of a class in these commits, and when the log took each."""
    recorded = told(commits, events_of(types).stream_type)
    read = [(types.event_of(r), r.recorded_at) for r in recorded if r.problem is None]
    return [(event, at) for event, at in read if isinstance(event, wanted)]
