"""`verify` and sealing: a byte that was changed is named, an erasure changes nothing, what another writer left in the clear is counted."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from eventstore.events import Expected, NewEvent
from eventstore.protocol.hashing import record_hash
from eventstore.testing.memory_keys import keys_of_this_process
from eventstore.testing.shop import OrderPlaced
from tests.support.worlds import record

if TYPE_CHECKING:
    from tests.support.worlds import World

WORDS = "what-nobody-may-find"


@pytest.fixture
def customer() -> str:
    """Nobody else's."""
    return f"c-{uuid4().hex[:8]}"


@pytest.fixture
def sealed(world: World, customer: str) -> str:
    """A stream of two events with boxes."""
    stream_id = world.stream()
    for remark in (WORDS, "more"):
        event = NewEvent(OrderPlaced(customer_id=customer, remark=remark))
        world.store().append(stream_id, [event], Expected.ANY)
    return stream_id


def verified(*options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and findings."""
    out = StringIO()
    try:
        call_command("verify", "--json", *options, stdout=out)
    except CommandError:
        return 1, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def sums(findings: dict[str, Any], *names: str) -> list[int]:
    return [sum(p[name] for p in findings["partitions"]) for name in names]


def flip_box(world: World, stream_id: str, *tables: str) -> None:
    """Change the last byte of the second event's box: in the log, in the mirror, or in both with a hash that fits."""
    place = world.place(stream_id)
    key = stream_id.encode()
    ((value, position, at),) = world.query(
        "SELECT value, position, (extract(epoch FROM recorded_at) * 1000)::bigint FROM eventstore_record"
        " WHERE stream_id = %s AND first_version = 2",
        stream_id,
    )
    whole = json.loads(bytes(value))
    box = whole["events"][0]["sealed"]["box"]
    changed = box[:-8] + ("A" if box[-8] != "A" else "B") + box[-7:]
    forged = bytes(value).replace(box.encode(), changed.encode())
    if "log" in tables:
        world.query(
            'UPDATE eventstore_logrecord SET value = %s WHERE partition = %s AND "offset" = 1 RETURNING 1',
            forged,
            place.partition,
        )
    if "mirror" in tables:
        fits = record_hash(place, 1, at, key, forged)
        world.query(
            "UPDATE eventstore_record SET value = %s, hash = %s WHERE position = %s RETURNING 1",
            forged,
            fits,
            position,
        )


@pytest.mark.parametrize("table", ["log", "mirror"])
def test_a_box_that_was_changed_on_one_side_is_a_difference(
    world: World, sealed: str, table: str
) -> None:
    flip_box(world, sealed, table)

    status, findings = verified()

    (found,) = findings["differences"]
    place = world.place(sealed)
    assert status == 1
    assert found["position"] == f"{place}/1/0"
    assert found["what"] in (
        "the mirror's row differs in value, hash",
        "the mirror's row differs in value",
    )


def test_a_box_that_was_changed_on_both_sides_is_found_by_who_may_open(
    world: World, sealed: str
) -> None:
    flip_box(world, sealed, "log", "mirror")

    unopened, _ = verified()
    status, findings = verified("--open")

    (found,) = findings["differences"]
    assert (unopened, status) == (0, 1)
    assert found["position"] == f"{world.place(sealed)}/1/0"
    assert "does not open" in found["what"]
    assert sums(findings, "sealed", "opened", "unopenable") == [2, 1, 1]


def test_what_is_sealed_is_counted_and_opened_only_when_it_is_asked_for(
    world: World, sealed: str
) -> None:
    del world, sealed

    _, closed = verified()
    status, opened = verified("--open")

    assert sums(closed, "sealed", "opened", "erased", "unopenable") == [2, 0, 0, 0]
    assert sums(opened, "sealed", "opened", "erased", "unopenable") == [2, 2, 0, 0]
    assert status == 0


def test_after_an_erasure_verify_and_rebuild_pass_and_end_in_the_same_bytes(
    world: World, sealed: str, customer: str
) -> None:
    rows = "SELECT * FROM eventstore_event ORDER BY position"
    before = world.query(rows)
    keys_of_this_process().erase(customer, request="r-1")

    status, _ = verified()
    opened, findings = verified("--open")
    call_command("rebuild_index", stdout=StringIO(), stderr=StringIO())
    after, _ = verified()

    assert (status, opened, after) == (0, 0, 0)
    assert sums(findings, "opened", "erased") == [0, 2]
    assert world.query(rows) == before
    assert len(list(world.store().read(sealed))) == 2


def test_a_key_that_is_lost_without_an_order_is_a_difference(
    world: World, sealed: str
) -> None:
    keys = keys_of_this_process()
    keys._by_id.clear()
    keys._keys.clear()

    status, findings = verified("--open")

    (found,) = findings["differences"]
    assert status == 1
    assert found["position"] == f"{world.place(sealed)}/0/0"
    assert "knows of no destruction" in found["what"]


def test_what_another_writer_left_in_the_clear_is_counted_and_no_fault(
    world: World,
) -> None:
    stream_id = world.stream()
    event = {
        "event_id": str(uuid4()),
        "type": "OrderPlaced",
        "schema": 1,
        "occurred_at": "2026-11-23T09:00:00.123456Z",
        "correlation_id": None,
        "causation_id": None,
        "data": {"customer_id": "c-1", "remark": WORDS},
    }
    value = record(stream_id, events=[event])
    world.foreign(world.place(stream_id), value, stream_id.encode())
    world.fold(world.store())

    status, findings = verified()
    out = StringIO()
    call_command("verify", stdout=out)

    assert status == 0
    assert sums(findings, "in_the_clear", "unreadable") == [1, 0]
    assert "1 events with sensitive fields in the clear" in out.getvalue()
    assert WORDS not in out.getvalue()
