"""Heads of streams that a view lacks, asked of all partitions at once, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.database import translated
from eventstore.database.arrays import array

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eventstore.events import Place
    from eventstore.indexer.keeping import Keeper
    from eventstore.indexer.view import View

# One statement, one snapshot: a head belongs to the cursor beside it. Index: the primary keys.
_HEADS_AT: Final = """
SELECT p.id, p."cursor", p.generation, asked.stream_id, coalesce(s.version, 0)
  FROM unnest(%(partitions)s::int4[], %(streams)s::text[]) asked(partition, stream_id)
  JOIN eventstore_partition p ON p.id = asked.partition
  LEFT JOIN eventstore_stream s ON s.stream_id = asked.stream_id
"""


class Heads:
    """Has the views of a keeper learn streams' heads."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def learn(self, named: Iterable[tuple[Place, str]]) -> None:
        """Ask for the heads of streams that the views lack, where they can be told. Raises `DatabaseUnanswered`.

        So neither the pre-check nor the fold has to ask for them, one behind the other.
        """
        if lacking := self._lacking(named):
            with translated():
                self._ask(lacking)

    def _lacking(self, named: Iterable[tuple[Place, str]]) -> list[tuple[View, str]]:
        """Those that the views lack, each with its view; none of a view that is behind, or not there."""
        views = ((self._keeper.known(place), stream) for place, stream in named)
        return [
            (view, stream)
            for view, stream in views
            if view is not None and not view.is_overtaken and stream not in view.heads
        ]

    def _ask(self, lacking: Sequence[tuple[View, str]]) -> None:
        """Put them into the views, where the cursor stands as the view has it (rule 8); else they stay unknown."""
        views = {view.partition_id: view for view, _ in lacking}
        parameters = {
            "partitions": array("int4", [view.partition_id for view, _ in lacking]),
            "streams": array("text", [stream for _, stream in lacking]),
        }
        rows = self._keeper.connection().execute(_HEADS_AT, parameters).fetchall()
        for id_, *seen, stream, head in rows:
            view = views[id_]
            if seen == [view.cursor, view.generation]:
                view.heads[stream] = head
