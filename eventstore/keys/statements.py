"""The key store's SQL. Every statement meets its index: tests/integration/keys/test_key_plans.py."""

from __future__ import annotations

from typing import Final

from eventstore.database.composing import composed

_ROW: Final = (
    "k.id, k.subject, k.retention_class, k.month, k.kek, k.commitment, k.minted_at, k.in_log,"
    " k.destroyed_at, k.why, k.request, k.destruction_in_log"
)
_WRAPPED: Final = "k.id, k.subject, k.retention_class, k.month, k.kek, k.wrapped, k.commitment, k.in_log"
_NAMES: Final = (
    "unnest(%(subjects)s::text[], %(classes)s::text[], %(months)s::text[])"
    " AS wanted(subject, retention_class, month)"
)

# ---- looking up

# Index: keys_datakey_living, a look for each name: OFFSET 0 keeps the planner from walking through another index once for all of them.
BY_NAME: Final = composed(
    """
SELECT found.* FROM {names} CROSS JOIN LATERAL (
       SELECT {columns} FROM keys_datakey k
        WHERE k.subject = wanted.subject AND k.retention_class = wanted.retention_class AND k.month = wanted.month
          AND k.destroyed_at IS NULL OFFSET 0) found
""",
    columns=_WRAPPED,
    names=_NAMES,
)
# Index: the primary key.
BY_ID: Final = composed(
    """
SELECT {columns}, k.destroyed_at, k.why, k.request FROM keys_datakey k WHERE k.id = ANY (%(ids)s::uuid[])
""",
    columns=_WRAPPED,
)
# Index: the primary key.
SUBJECTS: Final = (
    "SELECT subject FROM keys_subject WHERE subject = ANY (%(subjects)s::text[])"
)
ERASED: Final = (
    "SELECT erased_at, request FROM keys_subject WHERE subject = %(subject)s"
)

# ---- minting

# In one order, whoever mints: two that insert the same ones wait for each other, and not in a circle.
ADD_SUBJECTS: Final = """
INSERT INTO keys_subject (subject) SELECT unnest(%(subjects)s::text[]) ORDER BY 1 ON CONFLICT DO NOTHING
"""
# An erasure waits for who holds them so, and who holds them so waits for an erasure.
HOLD_SUBJECTS: Final = """
SELECT erased_at FROM keys_subject WHERE subject = ANY (%(subjects)s::text[]) ORDER BY subject FOR SHARE
"""
# Index: keys_datakey_subject, a look for each name.
BURIED: Final = composed(
    """
SELECT found.month FROM {names} CROSS JOIN LATERAL (
       SELECT k.month FROM keys_datakey k
        WHERE k.subject = wanted.subject AND k.retention_class = wanted.retention_class AND k.month = wanted.month
          AND k.destroyed_at IS NOT NULL AND k.retention_class <> 'snapshot' OFFSET 0) found LIMIT 1
""",
    names=_NAMES,
)
# Of two that mint a name one inserts; the other waits for its commit, and finds its row.
MINT: Final = """
INSERT INTO keys_datakey (id, subject, retention_class, month, kek, wrapped, commitment)
SELECT * FROM unnest(%(ids)s::uuid[], %(subjects)s::text[], %(classes)s::text[], %(months)s::text[], %(keks)s::text[],
                     %(wrapped)s::bytea[], %(commitments)s::bytea[])
    ON CONFLICT (subject, retention_class, month) WHERE destroyed_at IS NULL DO NOTHING
"""
MINT_TOLD: Final = """
UPDATE keys_datakey SET in_log = true WHERE id = ANY (%(ids)s::uuid[]) RETURNING id, destroyed_at IS NOT NULL
"""

# ---- destroying

# The first erasure's word stands, however often it is asked for. The row is locked also where it says so already.
ERASE: Final = """
INSERT INTO keys_subject (subject, erased_at, request) VALUES (%(subject)s, %(at)s, %(request)s)
    ON CONFLICT (subject) DO UPDATE SET erased_at = excluded.erased_at, request = excluded.request
 WHERE keys_subject.erased_at IS NULL
"""
HOLD_FOR_DESTROYING: Final = """
SELECT subject FROM keys_subject WHERE subject = ANY (%(subjects)s::text[]) ORDER BY subject FOR UPDATE
"""
# Index: keys_datakey_subject.
DESTROY_ALL: Final = """
UPDATE keys_datakey SET wrapped = NULL, destroyed_at = %(at)s, why = %(why)s, request = %(request)s
 WHERE subject = %(subject)s AND destroyed_at IS NULL
"""
# A key that this store does not have gets its tombstone all the same, and its name is not minted again.
BURY: Final = """
INSERT INTO keys_datakey (id, subject, retention_class, month, kek, commitment, in_log, destroyed_at, why, request,
                          destruction_in_log)
SELECT id, subject, class, month, '', commitment, true, at, why, request, %(told)s
  FROM unnest(%(ids)s::uuid[], %(subjects)s::text[], %(classes)s::text[], %(months)s::text[], %(commitments)s::bytea[],
              %(ats)s::timestamptz[], %(whys)s::text[], %(requests)s::text[])
       AS given(id, subject, class, month, commitment, at, why, request)
    ON CONFLICT (id) DO UPDATE SET wrapped = NULL, destroyed_at = excluded.destroyed_at, why = excluded.why,
                                   request = excluded.request, destruction_in_log = excluded.destruction_in_log
 WHERE keys_datakey.destroyed_at IS NULL
RETURNING id, subject, kek <> ''
"""
# A state may hold what any of the subject's keys opened. Index: keys_datakey_living.
DESTROY_SNAPSHOT_KEYS: Final = """
UPDATE keys_datakey SET wrapped = NULL, destroyed_at = %(at)s, why = %(why)s, request = %(request)s
 WHERE subject = ANY (%(subjects)s::text[]) AND retention_class = 'snapshot' AND month = 'all' AND destroyed_at IS NULL
RETURNING id
"""
# Index: keys_datakey_subject.
OF_SUBJECT: Final = composed(
    "SELECT {columns} FROM keys_datakey k WHERE k.subject = %(subject)s ORDER BY k.subject, k.retention_class, k.month, k.id",
    columns=_ROW,
)
# Index: keys_datakey_period, a stretch of it. Whatever the collation holds of the stroke, the columns themselves decide.
PAST: Final = composed(
    """
SELECT {columns} FROM keys_datakey k
 WHERE k.retention_class || '/' || k.month >= %(class)s || '/' AND k.retention_class || '/' || k.month < %(class)s || '/' || %(before)s
   AND (k.retention_class || '/' || k.month, k.id) > (%(class)s || '/' || %(after_month)s, %(after_id)s::uuid)
   AND k.retention_class = %(class)s AND k.month < %(before)s AND k.destroyed_at IS NULL
 ORDER BY k.retention_class || '/' || k.month, k.id LIMIT %(limit)s
""",
    columns=_ROW,
)
# Index: keys_datakey_gone.
ENDED_UNTOLD: Final = composed(
    """
SELECT {columns} FROM keys_datakey k
 WHERE k.destroyed_at IS NOT NULL AND NOT k.destruction_in_log AND k.id > %(after)s::uuid ORDER BY k.id LIMIT %(limit)s
""",
    columns=_ROW,
)
TOLD: Final = "UPDATE keys_datakey SET destruction_in_log = true WHERE id = ANY (%(ids)s::uuid[]) AND destroyed_at IS NOT NULL"
TOMBSTONES: Final = "SELECT count(*) FROM keys_datakey WHERE destroyed_at IS NOT NULL"

# ---- the mark

MARK: Final = "SELECT cut FROM keys_mark WHERE id = 1"
MOVE_MARK: Final = """
INSERT INTO keys_mark (id, cut) VALUES (1, %(cut)s) ON CONFLICT (id) DO UPDATE SET cut = excluded.cut
"""

# ---- key-encryption keys

# Index: keys_datakey_kek, a look for each of them.
KEKS: Final = """
WITH RECURSIVE used(kek) AS (
    (SELECT kek FROM keys_datakey WHERE destroyed_at IS NULL ORDER BY kek LIMIT 1)
    UNION ALL
    SELECT (SELECT k.kek FROM keys_datakey k WHERE k.destroyed_at IS NULL AND k.kek > used.kek ORDER BY k.kek LIMIT 1)
      FROM used WHERE used.kek IS NOT NULL)
SELECT kek FROM used WHERE kek IS NOT NULL
"""
# Index: keys_datakey_kek.
UNDER: Final = composed(
    """
SELECT {columns} FROM keys_datakey k
 WHERE k.kek = %(kek)s AND k.id > %(after)s::uuid AND k.destroyed_at IS NULL ORDER BY k.id LIMIT %(limit)s
""",
    columns=_WRAPPED,
)
COUNT_UNDER: Final = (
    "SELECT count(*) FROM keys_datakey WHERE kek = %(kek)s AND destroyed_at IS NULL"
)
# Who was destroyed meanwhile stays so: its bytes are no more those that were read.
REWRAP: Final = """
UPDATE keys_datakey k SET kek = given.kek, wrapped = given.wrapped
  FROM unnest(%(ids)s::uuid[], %(before)s::bytea[], %(keks)s::text[], %(wrapped)s::bytea[]) AS given(id, before, kek, wrapped)
 WHERE k.id = given.id AND k.wrapped = given.before
"""
