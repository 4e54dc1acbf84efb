"""How far several subscriptions know the log together: whoever answers from what they wrote says nothing of what lies behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.database.composing import composed
from eventstore.protocol.positions import first_of_sql, offset_in
from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

# Also to be put into a statement that is answered by what they wrote: then one moment is asked for both. Its parameters: names, topics.
# One statement, so one moment: a checkpoint moves in the transaction that parks what it passes. A partition without a
# checkpoint is known from nowhere on. Index: the keys; of each partition one record. A parked stream's event is not in
# an index that is being rebuilt: then its time is not known, and nothing is.
FIRST: Final = composed(
    """
SELECT min(recorded_at) FROM (
       SELECT first.recorded_at
         FROM unnest(%(names)s::text[], %(topics)s::text[]) followed(name, topic)
         JOIN eventstore_partition p ON p.topic = followed.topic
         LEFT JOIN eventstore_checkpoint c ON c.subscription = followed.name AND c.partition_id = p.id
        CROSS JOIN LATERAL (
              SELECT recorded_at FROM eventstore_record
               WHERE coalesce(c."cursor", 0) < p."cursor"
                 AND position >= {start} AND position < {end}
               ORDER BY position LIMIT 1) first
       UNION ALL
       SELECT coalesce(e.recorded_at, 'epoch')
         FROM eventstore_parkedstream s
         LEFT JOIN eventstore_event e ON e.position = s.position
        WHERE s.subscription = ANY(%(names)s)) unhandled
""",
    start=first_of_sql("p.id", 'coalesce(c."cursor", 0)'),
    end=first_of_sql("p.id", 'p."cursor"'),
)

# Indexes: the keys, the checkpoints' by its first column; eventstore_parked_due, of each partition what is parked there.
_HANDLED: Final = """
SELECT c.partition_id, c."cursor",
       (SELECT min(s.position) FROM eventstore_parkedstream s
         WHERE s.subscription = c.subscription AND s.partition_id = c.partition_id
           AND (s.stream_id = ANY(%(streams)s::text[]) OR p.topic = ANY(%(topics)s::text[])))
  FROM eventstore_checkpoint c JOIN eventstore_partition p ON p.id = c.partition_id
 WHERE c.subscription = %(name)s AND c."cursor" > 0 ORDER BY c.partition_id
"""


def handled_up_to(
    name: str, streams: Collection[str] = (), topics: Collection[str] = ()
) -> Mapping[int, int]:
    """By a partition's id the next offset that a subscription has not handled: all below it is, but for what it has parked.

    Of these streams, and of all in these topics, nothing below it is parked either: a checkpoint passes what it parks.
    """
    given = {"name": name, "streams": list(streams), "topics": list(topics)}
    handled = {
        id_: cursor if parked is None else min(cursor, offset_in(parked))
        for id_, cursor, parked in unchecked_rows(_HANDLED, given)
    }
    return {id_: offset for id_, offset in handled.items() if offset}


def unhandled_since(topics: Mapping[str, str]) -> datetime | None:
    """When the log took the first record that one of them has not handled, or has parked; None if nothing that is folded waits.

    topics: by the subscription's name, the one topic in which all that it wants stands. What is folded later has to be asked for
    anew: ask behind the read whose answer is judged by it.
    """
    return unhandled_among(list(topics.items()))


def unhandled_among(followed: Sequence[tuple[str, str]]) -> datetime | None:
    """The same of pairs of a subscription's name and a topic: of one that follows several there are several."""
    given = {
        "names": [name for name, _ in followed],
        "topics": [topic for _, topic in followed],
    }
    [(since,)] = unchecked_rows(FIRST, given)
    found: datetime | None = since
    return found
