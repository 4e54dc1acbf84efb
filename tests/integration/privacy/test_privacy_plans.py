"""What an erasure asks of the mirror is found by its indexes, however much there is; a person's naming is looked for by stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.db import connection

from eventstore.blind.forgetting import digests_under
from eventstore.events import Cut
from eventstore.lineage.ids import correlation_of
from eventstore.queries.connection import reading_cursor
from eventstore.queries.lineage import streams_of, told
from eventstore.queries.subjects import about
from eventstore.queries.told import streams_told
from teddy_es.domain.types import registry
from tests.integration.pages.test_browse_plans import nodes, plans
from tests.support.plans import as_new

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 20_000
FILL = """
    TRUNCATE eventstore_event, eventstore_record;
    INSERT INTO eventstore_record (position, recorded_at, verdict, head, commit_id, stream_id, first_version, event_count, key, value, hash)
    SELECT (4::bigint << 57) + (n::bigint << 10), now(), 0, 0, gen_random_uuid(), 'privacy.c-' || n, 1, 1, '', '{}', ''
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_event
    SELECT (4::bigint << 57) + (n::bigint << 10), gen_random_uuid(), 'privacy.c-' || n, 1, 'KeyMinted',
           now(), now(), gen_random_uuid(), NULL
      FROM generate_series(1, %(rows)s) n;
    INSERT INTO eventstore_indexcomplete VALUES (1) ON CONFLICT DO NOTHING;
    ANALYZE eventstore_event, eventstore_record;
"""

PARTITION = """
    DELETE FROM eventstore_partition;
    INSERT INTO eventstore_partition (id, topic, partition, partitions, topic_id, generation, "cursor", last_recorded_at, rule_version)
    VALUES (4 << 9, 'eventstore.privacy', 0, 1, '', gen_random_uuid(), %(rows)s + 1, 0, 1)
"""


@pytest.fixture
def full(db: None) -> None:
    with connection.cursor() as database:
        as_new(database)
        database.execute(FILL, {"rows": MANY})
    with reading_cursor():
        pass  # the first one looks whether the index is complete


def kinds_and_indexes(read: Callable[[], object]) -> tuple[set[str], set[str]]:
    found = [node for plan in plans(read) for node in nodes(plan)]
    indexes = {node["Index Name"] for node in found if "Index Name" in node}
    few = "eventstore_partition"  # a row a partition
    kinds = {one["Node Type"] for one in found if one.get("Relation Name") != few}
    return kinds, indexes


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("keys", [1, 300])
def test_what_the_log_says_of_keys_is_looked_up_by_their_commits(keys: int) -> None:
    ids: list[UUID] = [uuid4() for _ in range(keys)]

    kinds, indexes = kinds_and_indexes(lambda: told(ids, "privacy"))

    assert "Seq Scan" not in kinds
    assert indexes == {"eventstore_record_commit"}


@pytest.mark.usefixtures("full")
def test_the_ends_of_keys_are_found_among_their_beginnings_by_their_type() -> None:
    with connection.cursor() as database:
        database.execute(PARTITION, {"rows": MANY})

    ends = ["KeyDestroyed", "DestructionOrdered", "ErasureCompleted"]
    kinds, indexes = kinds_and_indexes(
        lambda: streams_told(Cut(), ["eventstore.privacy"], ends, 5_000)
    )

    assert "Seq Scan" not in kinds
    assert indexes - {"eventstore_partition_place"} == {
        "eventstore_event_type",
        "eventstore_event_pkey",
    }


@pytest.mark.usefixtures("full")
def test_the_subjects_of_a_request_are_found_by_its_correlation() -> None:
    wanted = correlation_of("r-1")

    kinds, indexes = kinds_and_indexes(lambda: streams_of(wanted, "KeyMinted"))

    assert "Seq Scan" not in kinds
    assert indexes == {"eventstore_event_correlation"}


@pytest.mark.usefixtures("full")
def test_a_persons_own_streams_are_found_by_their_ids() -> None:
    kinds, indexes = kinds_and_indexes(lambda: about("c-7", set(), registry))

    assert "Seq Scan" not in kinds
    assert "eventstore_record_stream" in indexes


@pytest.mark.usefixtures("full")
def test_digests_are_found_by_their_keys() -> None:
    with connection.cursor() as database:
        database.execute(
            "INSERT INTO eventstore_blinddigest (name, stream_id, version, key, digest)"
            " SELECT 'mail', 'parent.p-' || n, 1, gen_random_uuid(), '' FROM generate_series(1, 20000) n"
        )
        database.execute("ANALYZE eventstore_blinddigest")

    _, indexes = kinds_and_indexes(lambda: digests_under([uuid4()]))

    assert indexes == {"eventstore_blind_key"}
