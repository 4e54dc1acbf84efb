"""Heads of streams that a view lacks, asked of all partitions at once, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.database.arrays import array

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.view import View

# One statement, one snapshot: a head belongs to the cursor beside it. Index: the primary keys.
_HEADS_AT: Final = """
SELECT p.id, p."cursor", p.generation, asked.stream_id, coalesce(s.version, 0)
  FROM unnest(%(partitions)s::int4[], %(streams)s::text[]) asked(partition, stream_id)
  JOIN eventstore_partition p ON p.id = asked.partition
  LEFT JOIN eventstore_stream s ON s.stream_id = asked.stream_id
"""


def lacks(
    views: Mapping[Place, View], named: Iterable[tuple[Place, str]]
) -> list[tuple[View, str]]:
    """Those of the streams whose heads the views lack, each with its view; none of a view that is behind, or not there."""
    found = ((views.get(place), stream) for place, stream in named)
    return [
        (view, stream)
        for view, stream in found
        if view is not None and not view.is_behind and stream not in view.heads
    ]


def learn(
    connection: psycopg.Connection[Any], lacking: Sequence[tuple[View, str]]
) -> None:
    """Put the heads into the views, where the cursor stands as the view has it (rule 8); else they stay unknown.

    So neither the pre-check nor the fold has to ask for them, one behind the other.
    """
    views = {view.partition_id: view for view, _ in lacking}
    asked = {
        "partitions": array("int4", [view.partition_id for view, _ in lacking]),
        "streams": array("text", [stream for _, stream in lacking]),
    }
    for id_, *seen, stream, head in connection.execute(_HEADS_AT, asked).fetchall():
        view = views[id_]
        if seen == [view.cursor, view.generation]:
            view.heads[stream] = head
