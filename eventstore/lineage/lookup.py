"""The log's word about single keys, by an index: nobody folds a stream to open a box."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from eventstore.lineage.ids import commit_of_destroyed, commit_of_minted
from eventstore.queries.lineage import told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from eventstore.registry import Registry


def commitments(ids: Collection[UUID], types: Registry) -> Mapping[UUID, bytes]:
    """What the log says of each key that was made: SHA-256 of it under the sealing's label. One that it does not know is left out."""
    return {
        UUID(event.key_id): bytes.fromhex(event.commitment)
        for event in _told([commit_of_minted(one) for one in ids], types)
        if types.privacy is not None and isinstance(event, types.privacy.minted)
    }


def destroyed(ids: Collection[UUID], types: Registry) -> set[UUID]:
    """Those of the keys of which the log says that they are gone."""
    return {
        UUID(event.key_id)
        for event in _told([commit_of_destroyed(one) for one in ids], types)
        if types.privacy is not None and isinstance(event, types.privacy.destroyed)
    }
