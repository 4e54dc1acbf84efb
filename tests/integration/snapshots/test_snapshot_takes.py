"""A partition that somebody builds is passed by the others at once."""

from __future__ import annotations

from uuid import UUID

import pytest

from eventstore.database import connect
from eventstore.models import SnapshotBuild
from eventstore.snapshots.builder import statements

ROW = {
    "partition_id": 7,
    "state_schema": 1,
    "code": b"code",
    "frequency": 10,
    "cursor": 5,
    "generation": UUID(int=1),
}
GIVEN = {"partition": 7, "schema": 1, "code": b"code", "frequency": 10}


@pytest.mark.django_db(transaction=True)
def test_who_has_a_partition_has_it_alone_and_nobody_waits_for_it() -> None:
    SnapshotBuild.objects.create(**ROW)
    found = (5, UUID(int=1))

    with connect() as first, connect() as second:
        second.execute("SET lock_timeout = '1s'")  # a wait is an error
        with first.transaction():
            assert first.execute(statements.TAKE, GIVEN).fetchall() == [found]
            assert second.execute(statements.TAKE, GIVEN).fetchall() == []
        assert second.execute(statements.TAKE, GIVEN).fetchall() == [found]
