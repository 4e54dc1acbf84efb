"""Whether the index holds everything that was acknowledged, as a connection of reads sees it (rule 16).

After a crash of the database the last folds may be gone until they are repeated. A crash ends every connection; so each
new one looks once for the mark that a crash removes, and without it the log is folded to its end before anything is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

import structlog
from django.db import connection

from eventstore.conf import conf, registry
from eventstore.errors import (
    EventStoreError,
    IndexIncomplete,
    PartitionSetAside,
    Unanswered,
)
from eventstore.indexer.mark import mark_of
from eventstore.log.origin import UNSEALED, refuse_unsealed
from eventstore.log.topics import Topics
from eventstore.protocol.placement import place_of
from eventstore.registry.numbering import NUMBERED, refuse_other_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.utils import CursorWrapper

    from eventstore.registry import Registry

logger = structlog.get_logger(__name__)

_looked: WeakSet[Any] = WeakSet()  # psycopg's connections on which the mark was seen
# What the mark left out, on those that therefore look again each time.
_without: WeakKeyDictionary[Any, frozenset[int]] = WeakKeyDictionary()
# Registries whose numbers are those of the rows: once a process, for rows never get others. By the database's name.
_numbered: WeakKeyDictionary[Registry, set[str]] = WeakKeyDictionary()


def completed_by(complete: Callable[[], object]) -> Callable[[], object]:
    """Have this called where the mark is missing: it folds to the log's end and sets it. Returns who did so before."""
    before = _completing[0]
    _completing[0] = complete
    return before


def _nobody() -> None:
    raise IndexIncomplete


_completing: list[Callable[[], object]] = [_nobody]


def refuse_if_set_aside(stream_id: str) -> None:
    """Raise `PartitionSetAside` for a stream of a partition that the index, as last looked at, is complete without."""
    if not is_partial():
        return
    topics = Topics.of(registry(), conf.PARTITIONS)
    place = place_of(stream_id, topics.partitions)
    if topics.partition_id(place) in _without[connection.connection]:
        raise PartitionSetAside(place.topic, place.partition)


def is_partial() -> bool:
    """Whether the index, as last looked at on this connection, is complete but for partitions that were set aside."""
    return bool(_without) and connection.connection in _without


def was_seen() -> bool:
    """Whether it was seen on this connection that nothing is missing."""
    return connection.connection in _looked


def look(cursor: CursorWrapper) -> None:
    """Have the index be complete, as this connection sees it. Raises `IndexIncomplete`, `StoreUnsealed`, `LogMisconfigured` for other numbers."""
    cursor.execute(UNSEALED)
    refuse_unsealed(cursor.fetchall())
    _look_at_numbers(cursor)
    without = _complete(cursor)
    if without:
        _without[connection.connection] = without
    else:
        _without.pop(connection.connection, None)
        _looked.add(connection.connection)


def _look_at_numbers(cursor: CursorWrapper) -> None:
    types, database = registry(), str(connection.settings_dict["NAME"])
    seen = _numbered.setdefault(types, set())
    if database not in seen:
        cursor.execute(NUMBERED)
        rows = cursor.fetchall()
        numbers = {known.topic: known.number for known in types.stream_types.values()}
        refuse_other_numbers(numbers, rows)
        if rows:
            seen.add(database)


def _complete(cursor: CursorWrapper) -> frozenset[int]:
    """What the index leaves out, once it is complete."""
    if (mark := mark_of(cursor)) is not None:
        return mark
    try:
        _completing[0]()
    except EventStoreError as error:
        cause = error.reason if isinstance(error, Unanswered) else str(error)
        logger.warning(
            "reads wait for the index",
            action="reads-delayed",
            code=error.code,
            cause=cause,
        )
        raise IndexIncomplete(cause) from error
    mark = mark_of(cursor)
    if mark is None:  # this snapshot is older than the folding
        raise IndexIncomplete
    return mark
