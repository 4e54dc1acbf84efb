"""The verifier's SQL: plain reads in position order, each along a primary key or a unique index."""

from __future__ import annotations

from typing import Final

from eventstore.database.composing import composed
from eventstore.indexer.columns import EVENT, HEAD, RECORD, listed
from eventstore.protocol.positions import partition_in_sql

BEGIN_SNAPSHOT: Final = "SELECT 1"
PARTITION: Final = """
SELECT "cursor", last_recorded_at, rule_version, partitions FROM eventstore_partition WHERE id = %(id)s
"""
RECORDS: Final = composed(
    "SELECT {columns} FROM eventstore_record WHERE position >= %(first)s AND position < %(last)s ORDER BY position",
    columns=listed(RECORD),
)
EVENTS: Final = composed(
    "SELECT {columns} FROM eventstore_event WHERE position >= %(first)s AND position < %(last)s ORDER BY position",
    columns=listed(EVENT),
)
BEYOND: Final = {
    "mirror": f"{RECORDS} LIMIT 1",
    "index": f"{EVENTS} LIMIT 1",
}
# index eventstore_record_stream; the commit that holds the version may begin before it
OF_STREAM: Final = composed(
    """
SELECT {columns} FROM eventstore_record
 WHERE stream_id = %(stream)s AND first_version >= coalesce(
       (SELECT max(first_version) FROM eventstore_record WHERE stream_id = %(stream)s AND first_version <= %(first)s), 1)
 ORDER BY first_version LIMIT %(limit)s
""",
    columns=listed(RECORD),
)
# constraint eventstore_event_version
INDEX_OF_STREAM: Final = composed(
    """
SELECT {columns} FROM eventstore_event
 WHERE stream_id = %(stream)s AND version >= %(first)s AND version < %(end)s ORDER BY version
""",
    columns=listed(EVENT),
)
STREAMS: Final = composed(
    """
SELECT {columns} FROM eventstore_stream WHERE type_number = %(number)s ORDER BY stream_id COLLATE "C"
""",
    columns=listed(HEAD),
)
SHARED_EVENT_IDS: Final = """
SELECT count(*) FROM (SELECT 1 FROM eventstore_event GROUP BY event_id HAVING count(*) > 1) shared
"""
# Whole tables, in no order: verification reads all of them anyway.
ELSEWHERE: Final = {
    "partitions": "SELECT topic || '/' || partition FROM eventstore_partition WHERE id <> ALL(%(ids)s::bigint[]) LIMIT 1",
    "mirror": composed(
        "SELECT position FROM eventstore_record WHERE {partition} <> ALL(%(ids)s::bigint[]) LIMIT 1",
        partition=partition_in_sql("position"),
    ),
    "index": composed(
        "SELECT position FROM eventstore_event WHERE {partition} <> ALL(%(ids)s::bigint[]) LIMIT 1",
        partition=partition_in_sql("position"),
    ),
    "heads": "SELECT stream_id FROM eventstore_stream WHERE type_number <> ALL(%(numbers)s::bigint[]) LIMIT 1",
}
