"""What SQL makes of a packed position is what Python makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.database.composing import composed
from eventstore.events import MAX_OFFSET, pack, unpack
from eventstore.protocol.positions import (
    PARTITIONS,
    TYPES,
    after_record,
    after_record_sql,
    first_of,
    first_of_sql,
    partition_id,
    partition_id_sql,
    partition_in,
    partition_in_sql,
    record_of,
    record_of_sql,
    type_number_of,
    type_number_sql,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ALL = composed(
    """
SELECT {partition_in}, {record_of}, {after_record}, {partition_id}, {type_number}, {first}, {first_of}
  FROM (SELECT %(position)s::bigint AS position, %(number)s::int AS number, %(partition)s::int AS partition,
               %(id)s::int AS id, %(offset)s::bigint AS "offset") given
""",
    partition_in=partition_in_sql("position"),
    record_of=record_of_sql("position"),
    after_record=after_record_sql("position"),
    partition_id=partition_id_sql("number", "partition"),
    type_number=type_number_sql("id"),
    first=first_of_sql("id"),
    first_of=first_of_sql("id", '"offset"'),
)
# the last place of all has no next: a bigint ends there
places = st.tuples(
    st.integers(1, TYPES - 2) | st.sampled_from([1, TYPES - 2]),
    st.integers(0, PARTITIONS - 1) | st.sampled_from([0, PARTITIONS - 1]),
    st.integers(0, MAX_OFFSET - 1) | st.sampled_from([0, 1, MAX_OFFSET - 1]),
    st.integers(0, 1023) | st.sampled_from([0, 1, 1022, 1023]),
)


def in_sql(**given: int) -> Sequence[Any]:
    """One row of all that there is."""
    with connection.cursor() as cursor:
        cursor.execute(ALL, given)
        row: Sequence[Any] = cursor.fetchone()
    return row


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=places)
def test_sql_takes_positions_apart_and_puts_them_together_as_python_does(
    at: tuple[int, int, int, int],
) -> None:
    number, partition, offset, _ = at
    position, id_ = pack(*at), partition_id(number, partition)

    found = in_sql(
        position=position, number=number, partition=partition, id=id_, offset=offset
    )

    assert tuple(found) == (
        partition_in(position),
        record_of(position),
        after_record(position),
        id_,
        type_number_of(id_),
        first_of(id_),
        first_of(id_, offset),
    )
    assert unpack(position)[0] == found[4]
