"""How many rows there are of a person's streams, beside what is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.queries.connection import read_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Snapshots by their primary key; of the other tables the rows are few: what could not be done.
_COUNTS: Final[Mapping[str, str]] = {
    "eventstore_snapshot": "SELECT count(*) FROM eventstore_snapshot WHERE stream_id = ANY(%(streams)s)",
    "eventstore_snapshotfailure": "SELECT count(*) FROM eventstore_snapshotfailure WHERE stream_id = ANY(%(streams)s)",
    "eventstore_parkedstream": "SELECT count(*) FROM eventstore_parkedstream WHERE stream_id = ANY(%(streams)s)",
    "eventstore_subscriptionaction": "SELECT count(*) FROM eventstore_subscriptionaction WHERE stream_id = ANY(%(streams)s)",
}


def count_rows(streams: Collection[str]) -> Mapping[str, int]:
    """By table; superseded snapshots are rows like others, and so are those of versions of code that nobody runs any more."""
    given = {"streams": list(streams)}
    return {table: int(read_rows(sql, given)[0][0]) for table, sql in _COUNTS.items()}
