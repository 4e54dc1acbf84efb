"""What became of a commit, by the log up to its end as read at the call (rule 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.events import Cut
from eventstore.queries.commits import CommitOutcome, decided

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer
    from eventstore.indexer.share import Patience

_CURSORS: Final = 'SELECT id, "cursor" FROM eventstore_partition'


def outcome(
    indexer: Indexer,
    places: Sequence[Place],
    commit_id: UUID,
    stream_id: str | None,
    patience: Patience,
) -> CommitOutcome:
    """Fold the places to the log's end, then look.

    On the indexer's own connection, so that no snapshot of a caller is older than the folding; rows and cursors in
    one snapshot, so that a rebuild in between is noticed, and then it is folded and looked again.
    """
    while True:
        up_to = indexer.catch_up(places, patience)
        with (
            indexer.connection().transaction() as _,
            indexer.connection().cursor() as cursor,
        ):
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(_CURSORS)
            now = dict(cursor.fetchall())
            earlier = decided(cursor, commit_id, stream_id)
        ids = {place: indexer.topics.partition_id(place) for place in places}
        if all(now.get(ids[place], 0) >= offset for place, offset in up_to.items()):
            return CommitOutcome(earlier, Cut(up_to))
