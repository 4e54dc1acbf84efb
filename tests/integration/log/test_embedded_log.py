"""What only the embedded log can get wrong."""

from __future__ import annotations

import pytest

from eventstore.database import connect
from eventstore.events import Place
from eventstore.log.embedded import EmbeddedLog
from eventstore.ports import Proposal


@pytest.mark.django_db(transaction=True)
def test_a_partition_of_more_records_than_a_smallint_counts_is_read_to_its_end() -> (
    None
):
    """psycopg sends a small number as a smallint; the sum of two of them once overflowed at offset 30,768."""
    log = EmbeddedLog(connect)
    log.create(["eventstore.order_many"], partitions=1)
    place = Place("eventstore.order_many", 0)
    for _ in range(33):
        log.append([Proposal(place, b"k", b"v")] * 1_000, timeout_s=10)

    seen, offset = 0, 0
    while batch := log.read(place, offset).records:
        seen += len(batch)
        offset = batch[-1].offset + 1
    log.close()

    assert seen == offset == 33_000
