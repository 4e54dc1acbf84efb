"""How a view comes to where another process has moved the cursor, without being loaded anew (rule 8).

Several processes that append to one partition take turns: each waits for its row, reads from the mirror what the others
folded meanwhile, and folds its own while it holds the row, so that nobody's fold is in vain. (Without holding it two
folds of three were lost, and eight processes got three quarters as far.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.database.composing import composed
from eventstore.protocol.fold import DECIDING, Folded, Verdict
from eventstore.protocol.positions import after_record_sql, first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.indexer.session import Session
    from eventstore.indexer.view import View

_Row = tuple[Any, ...]

MOST: Final = 200  # offsets; who lies further behind is quicker to load anew

_HOLD: Final = """
SELECT "cursor", generation, last_recorded_at, rule_version FROM eventstore_partition
 WHERE id = %(partition)s FOR UPDATE
"""
# A statement of its own: its snapshot must be younger than the row that was waited for.
_SINCE: Final = composed(
    """
SELECT r.verdict, r.stream_id, r.commit_id, r.head, r.event_count,
       ARRAY(SELECT e.event_id FROM eventstore_event e WHERE e.position >= r.position AND e.position < {record_end})
  FROM eventstore_record r
 WHERE r.position >= %(first)s AND r.position < %(end)s
 ORDER BY r.position
""",
    record_end=after_record_sql("r.position"),
)


class Following:
    """Brings views to where others have left the cursor, on a session's connection. most: offsets that it goes."""

    def __init__(self, session: Session, *, most: int = MOST) -> None:
        self._session = session
        self._most = most

    def follow(self, view: View) -> bool:
        """Wait for the place's row and bring the view to its cursor; the open transaction then holds the row.

        False where the view cannot follow: the cursor went back, the generation is another, or too much was folded.
        Raises what `Condition.LOCKED` is if the row is not to be had in time.
        """
        held, since = self._hold(view)
        if held is None:
            return False
        cursor, generation, last_recorded_at, rule_version = held
        if generation != view.generation or not 0 <= cursor - view.cursor <= self._most:
            return False
        view.move(_folded(rule_version, last_recorded_at, since), cursor)
        return True

    def _hold(self, view: View) -> tuple[_Row | None, Sequence[_Row]]:
        """The row, held, and the mirror's of what was folded since the view's cursor, in one round trip."""
        connection, parameters = self._session.connection(), self._asked(view)
        with connection.pipeline():
            connection.execute("BEGIN")
            held = connection.execute(_HOLD, parameters)
            since = connection.execute(_SINCE, parameters)
        return held.fetchone(), since.fetchall()

    def _asked(self, view: View) -> Mapping[str, int]:
        partition = view.partition_id
        return {
            "partition": partition,
            "first": first_of(partition, view.cursor),
            "end": first_of(partition, view.cursor + self._most),
        }


def _folded(rule_version: int, last_recorded_at: int, rows: Iterable[_Row]) -> Folded:
    """What the others' folds have added to the state, from what they wrote of it."""
    folded = Folded([], rule_version, last_recorded_at)
    for verdict, stream, commit_id, head, count, event_ids in rows:
        if verdict in DECIDING:
            folded.commits.add((stream, commit_id))
        if verdict == Verdict.ACCEPTED:
            folded.heads[stream] = head + count
            folded.event_ids |= {(stream, event_id) for event_id in event_ids}
    return folded
