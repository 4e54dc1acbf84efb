"""The SQL of the log in PostgreSQL."""

from __future__ import annotations

from typing import Final

# One statement, a transaction by itself, because what an append costs is the number of its statements. The tails are
# locked in one order, so that two appenders cannot wait for each other; the clock is read once all of them have moved,
# so that a partition's times follow its offsets. Durable before it is acknowledged, whatever the connection inherited
# (rule 7).
APPEND: Final = """
WITH given AS (
  SELECT *, row_number() OVER (PARTITION BY topic, partition ORDER BY ordinal) AS n
    FROM unnest(%(topics)b::smallint[], %(partitions)b::smallint[], %(keys)b::bytea[], %(values)b::bytea[])
         WITH ORDINALITY AS given(topic, partition, key, value, ordinal)
), tails AS (
  SELECT topic, partition FROM eventstore_logtail
   WHERE (topic, partition) IN (SELECT topic, partition FROM given)
   ORDER BY topic, partition FOR UPDATE
), moved AS (
  UPDATE eventstore_logtail t SET next_offset = t.next_offset + more.n
    FROM tails JOIN (SELECT topic, partition, count(*) AS n FROM given GROUP BY topic, partition) more
         USING (topic, partition)
   WHERE t.topic = tails.topic AND t.partition = tails.partition
  RETURNING t.topic, t.partition, t.next_offset - more.n AS first,
            set_config('synchronous_commit', 'on', true) AS durable
)
INSERT INTO eventstore_logrecord (topic, partition, "offset", recorded_at, key, value)
SELECT topic, partition, first + n - 1,
       (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 0 * count(*) FROM moved), key, value
  FROM given JOIN moved USING (topic, partition)
RETURNING topic, partition, "offset", recorded_at
"""
LIMIT: Final = "SELECT set_config('statement_timeout', %s, false)"
READ: Final = """
SELECT "offset", recorded_at, key, value
  FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY "offset") - octet_length(value) AS before
          FROM eventstore_logrecord
         WHERE topic = %(topic)s AND partition = %(partition)s
           AND "offset" >= %(offset)s AND "offset" < %(offset)s::bigint + %(max_records)s) stretch
 WHERE before < %(max_bytes)s
 ORDER BY "offset"
"""
EXTENTS: Final = """
SELECT t.topic, t.partition, t.next_offset,
       coalesce((SELECT min(r."offset") FROM eventstore_logrecord r
                  WHERE r.topic = t.topic AND r.partition = t.partition), t.next_offset)
  FROM eventstore_logtail t
 WHERE (t.topic, t.partition) IN (SELECT * FROM unnest(%(topics)s::smallint[], %(partitions)s::smallint[]))
"""
TOPICS: Final = "SELECT id, name, topic_id, partitions FROM eventstore_logtopic WHERE name = ANY(%(names)s)"
CREATE: Final = """
WITH made AS (
  INSERT INTO eventstore_logtopic (name, topic_id, partitions) VALUES (%(name)s, %(topic_id)s, %(partitions)s)
  ON CONFLICT (name) DO NOTHING RETURNING id
)
INSERT INTO eventstore_logtail (topic, partition, next_offset)
SELECT made.id, n, 0 FROM made, generate_series(0, %(partitions)s - 1) n
"""
