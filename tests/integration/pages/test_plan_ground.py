"""What plans are judged on: of what other tests did, the planner finds nothing; what stands in a table stays."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

PARTITION = """
    INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, "cursor", last_recorded_at, rule_version)
    VALUES (1024, 'eventstore.conversation', 0, 1, 't', '00000000-0000-4000-a000-000000000000', 0, 0, 1)
"""
# counted while nothing stands in it: the planner takes it for tiny, however much comes
TRACES = """
    INSERT INTO eventstore_checkpoint (subscription, partition_id, version, "cursor", first_time_from, paused, handled, skipped,
                                       rate, moved_at)
    SELECT 's-' || n, n, 1, 0, 0, false, 0, 0, 0, now() FROM generate_series(1, 500) n;
    ANALYZE eventstore_checkpoint;
    DELETE FROM eventstore_checkpoint;
    ANALYZE eventstore_checkpoint;
"""
COUNTED = "SELECT reltuples, pg_relation_size(oid) FROM pg_class WHERE relname = 'eventstore_checkpoint'"
KNOWN = "SELECT count(*) FROM pg_stats WHERE tablename = 'eventstore_checkpoint'"


def scans() -> set[str]:
    """How one checkpoint is found."""

    def ask() -> None:
        with connection.cursor() as db:
            db.execute("SELECT \"cursor\" FROM eventstore_checkpoint WHERE subscription = 's' AND partition_id = 1")  # fmt: skip

    [plan] = plans(ask)
    return {node["Node Type"] for node in nodes(plan)}


@pytest.mark.django_db
def test_what_stood_in_a_table_before_is_not_planned_by() -> None:
    with connection.cursor() as db:
        as_new(db)
        at_first = scans()
        db.execute(TRACES)
        db.execute(COUNTED)
        assert db.fetchone() != (-1, 0)

        as_new(db)

        db.execute(COUNTED)
        assert db.fetchone() == (-1, 0)
        db.execute(KNOWN)
        assert db.fetchone() == (0,)
        assert scans() == at_first


@pytest.mark.django_db
def test_what_stands_in_a_table_stays() -> None:
    with connection.cursor() as db:
        db.execute(PARTITION)

        as_new(db)

        db.execute("SELECT id FROM eventstore_partition")
        assert db.fetchall() == [(1024,)]
