"""What a builder writes besides the snapshots: how far it is, and what it could not do."""

from __future__ import annotations

from typing import Final

# A row of its own for every code and frequency: old and new processes, at work at once, do not set each other back.
# It begins under a generation that no partition has, and so at the beginning.
REGISTER: Final = """
INSERT INTO eventstore_snapshotbuild (partition_id, state_schema, code, frequency, "cursor", generation)
VALUES (%(partition)s, %(schema)s, %(code)s, %(frequency)s, 0, '00000000-0000-0000-0000-000000000000')
    ON CONFLICT DO NOTHING
"""
# Whoever has the row builds; the others find something else to do.
TAKE: Final = """
SELECT "cursor", generation FROM eventstore_snapshotbuild
 WHERE partition_id = %(partition)s AND state_schema = %(schema)s AND code = %(code)s AND frequency = %(frequency)s
   FOR UPDATE SKIP LOCKED
"""
MOVE: Final = """
UPDATE eventstore_snapshotbuild SET "cursor" = %(next)s, generation = %(generation)s
 WHERE partition_id = %(partition)s AND state_schema = %(schema)s AND code = %(code)s AND frequency = %(frequency)s
"""
# What is there stays; the cursors say nothing any more, and nothing has failed yet.
START_AGAIN: Final = (
    "DELETE FROM eventstore_snapshotbuild",
    "DELETE FROM eventstore_snapshotfailure",
    'UPDATE eventstore_snapshotpartition SET "cursor" = 0',
)
FAILED: Final = """
INSERT INTO eventstore_snapshotfailure AS f
       (stream_id, state_schema, code, partition_id, version, error, detail, failed_at, attempts)
VALUES (%(stream)s, %(schema)s, %(code)s, %(partition)s, %(version)s, %(error)s, %(detail)s, %(now)s, 1)
    ON CONFLICT (stream_id, state_schema, code) DO UPDATE
   SET version = excluded.version, error = excluded.error, detail = excluded.detail, failed_at = excluded.failed_at,
       attempts = f.attempts + 1
RETURNING attempts
"""
WORKED: Final = """
DELETE FROM eventstore_snapshotfailure WHERE stream_id = %(stream)s AND state_schema = %(schema)s AND code = %(code)s
"""
DRIFTED: Final = """
UPDATE eventstore_snapshot SET drifted = true
 WHERE stream_id = %(stream)s AND state_schema = %(schema)s AND code = %(code)s AND version = %(version)s
   AND event_id = %(event_id)s
"""
# Only as it was seen: whoever has written it anew meanwhile may have put it right.
REMOVE: Final = """
DELETE FROM eventstore_snapshot
 WHERE stream_id = %(stream)s AND state_schema = %(schema)s AND code = %(code)s AND version = %(version)s
   AND event_id = %(event_id)s AND mac = %(seen)s AND state = %(state)s
"""
SIGN_ANEW: Final = """
UPDATE eventstore_snapshot SET mac = %(mac)s
 WHERE stream_id = %(stream)s AND state_schema = %(schema)s AND code = %(code)s AND version = %(version)s
   AND event_id = %(event_id)s AND mac = %(seen)s AND state = %(state)s
"""
# A batch stands idle in its transaction while it replays and while the topic answers; but a builder that was frozen
# must lose its partition.
LIMITS: Final = """
SET idle_in_transaction_session_timeout = '60s'; SET transaction_timeout = '120s'; SET lock_timeout = '30s'
"""
