"""Makes mirror, index and heads anew from the log alone; it ends in the same bytes."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

from eventstore.database import Condition, condition_of
from eventstore.indexer.mark import complete
from eventstore.log.partitioning import refuse_another_count

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from eventstore.events import Place
    from eventstore.indexer.indexer import Indexer
    from eventstore.indexer.mirror import Progress

# The new generation makes every view of every process worthless.
_RESET: Final = """
UPDATE eventstore_partition
   SET "cursor" = 0, generation = gen_random_uuid(), last_recorded_at = 0, rule_version = 1
"""
_ATTEMPTS: Final = 20  # each of some seconds
_BUSY: Final = (Condition.DEADLOCKED, Condition.LOCKED)
# The mark goes first, and its table stays locked: nobody calls an empty index complete (rule 16).
_UNMARK: Final = "TRUNCATE eventstore_indexcomplete"
_EMPTY: Final = "TRUNCATE eventstore_record, eventstore_event, eventstore_stream"


# After a load in bulk the planner knows nothing of the rows, and autovacuum takes a minute to tell it.
_ANALYZE: Final = "ANALYZE eventstore_record, eventstore_event, eventstore_stream"


def analyze(connection: psycopg.Connection[Any]) -> None:
    """Tell the planner what was loaded; a second or so, whatever the size."""
    connection.execute(_ANALYZE)


def refuse_a_shortened_log(indexer: Indexer) -> None:
    """Raise `LogTruncated` if the log no longer holds what the mirror holds: the mirror is then the only copy.

    What can be told cheaply: each partition starts at 0, ends at its cursor or later, and holds the record before
    the cursor as it was mirrored. Raises `LogMisconfigured` for topics that are not as they were.
    """
    indexer.check_topics()
    for topic in indexer.topics.numbers:
        refuse_another_count(indexer.log, topic, indexer.topics.partitions)
    for place, extent in indexer.log.extents(indexer.topics.places).items():
        indexer.lag(place, extent)


def reset(connection: psycopg.Connection[Any]) -> None:
    """Empty what was folded and set every cursor back, in one transaction. The log is not touched.

    A fold reads the tables before it takes its partition's row and writes them behind it, so no order of locks is
    safe from a deadlock: whoever loses begins again. Raises what `Condition.LOCKED` is if readers hold the
    tables all the time.
    """
    for attempt in count(1):
        try:
            with connection.transaction():
                connection.execute(_UNMARK)
                connection.execute(_RESET)
                connection.execute(_EMPTY)
        except Exception as error:
            if condition_of(error) not in _BUSY or attempt == _ATTEMPTS:
                raise
        else:
            return


def refold(
    indexer: Indexer, *, progress: Progress, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Fold everything that the log holds now, then mark the index complete.

    Interrupted, it goes on where it was: the cursors say where.
    """
    for place, extent in indexer.log.extents(indexer.topics.places).items():
        while indexer.lag(place, extent) and not stopped():
            progress(place, indexer.stretch(place))
    if not stopped():
        complete(indexer)


def to_fold(indexer: Indexer) -> dict[Place, int]:
    """How many offsets of each place wait to be folded."""
    return {
        place: indexer.lag(place, extent)
        for place, extent in indexer.log.extents(indexer.topics.places).items()
    }
