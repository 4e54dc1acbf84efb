"""What is sealed leaves the store sealed, or opened once it is recorded who sees it and why."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from eventstore.clock import SystemClock
from eventstore.events import Expected, NewEvent
from eventstore.exchange.cloudevents import BadLine, parse_line
from eventstore.exchange.importer.run import import_events
from eventstore.opening import opener
from eventstore.testing.memory import MemoryEventStore
from eventstore.testing.memory_keys import keys_of_this_process
from eventstore.testing.shop import OrderChanged, OrderPlaced, shop
from tests.support.recorders import Recorder
from tests.support.worlds import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from tests.support.worlds import World

WORDS = "what-nobody-may-find"
WHY = ("--unseal", "--purpose", "audit", "--by", "officer-1")


@pytest.fixture
def _recorded(world: World, settings: Settings) -> Iterator[None]:
    del world
    path = "tests.support.recorders.Recorder"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": path}
    Recorder.forget()
    yield
    Recorder.forget()


@pytest.fixture
def customer() -> str:
    """Nobody else's."""
    return f"c-{uuid4().hex[:8]}"


@pytest.fixture
def stream(world: World, customer: str) -> str:
    """Of an event that is sealed and one that is not."""
    stream_id = world.stream()
    events = [
        NewEvent(OrderPlaced(customer_id=customer, remark=WORDS)),
        NewEvent(OrderChanged(quantity=2)),
    ]
    world.store().append(stream_id, events, Expected.ANY)
    return stream_id


def export(path: Path, *args: str) -> tuple[int, str]:
    """Exit code, and what was said."""
    said = StringIO()
    try:
        call_command(
            "export_events", "--output", str(path), *args, stdout=said, stderr=said
        )
    except CommandError as error:
        return 1, f"{said.getvalue()}{error}"
    return 0, said.getvalue()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def left_in_the_clear(world: World, customer: str) -> str:
    """Another writer does not seal."""
    stream_id = world.stream(1)
    event = {
        "event_id": str(uuid4()),
        "type": "OrderPlaced",
        "schema": 1,
        "occurred_at": "2026-11-23T09:00:00.123456Z",
        "correlation_id": None,
        "causation_id": None,
        "data": {"customer_id": customer, "remark": WORDS},
    }
    value = record(stream_id, events=[event])
    world.foreign(world.place(stream_id), value, stream_id.encode())
    world.fold(world.store())
    return stream_id


def test_what_is_sealed_leaves_the_store_sealed(stream: str, tmp_path: Path) -> None:
    del stream
    path = tmp_path / "out"

    code, _ = export(path)

    placed, changed = lines(path)
    assert code == 0
    assert WORDS.encode() not in path.read_bytes()
    assert placed["datacontenttype"] == "application/vnd.teddy.sealed+json"
    assert set(placed["data"]) == {"clear", "sealed"}
    assert set(placed["data"]["sealed"]) == {"key", "nonce", "box"}
    assert changed["data"] == {"quantity": 2}
    with pytest.raises(BadLine, match="sealed"):
        parse_line(path.read_bytes().splitlines()[0])


def test_nothing_is_opened_while_nobody_records_who_looks(
    stream: str, tmp_path: Path
) -> None:
    del stream
    path = tmp_path / "out"

    code, said = export(path, *WHY)

    assert code == 1
    assert "no ACCESS_RECORDER is configured" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_recorded")
def test_who_looks_and_why_is_recorded_before_anything_is_written(
    stream: str, customer: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    found: list[int] = []
    Recorder.meanwhile.append(
        lambda: found.extend(one.stat().st_size for one in tmp_path.iterdir())
    )

    code, _ = export(path, *WHY, "--reference", "case-7", "--stream", stream)

    assert code == 0
    assert sum(found) == 0
    assert Recorder.said == [
        {
            "kind": "export",
            "purpose": "audit",
            "subjects": [customer],
            "object": stream,
            "reference": "case-7",
            "actor": "officer-1",
            "actor_kind": "officer",
        }
    ]
    assert lines(path)[0]["data"] == {"customer_id": customer, "remark": WORDS}
    assert lines(path)[0]["datacontenttype"] == "application/json"


@pytest.mark.usefixtures("_recorded")
def test_where_it_cannot_be_recorded_nothing_is_opened(
    stream: str, tmp_path: Path, settings: Settings
) -> None:
    del stream
    path = "tests.support.recorders.BrokenRecorder"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": path}

    code, said = export(tmp_path / "out", *WHY)

    assert code == 1
    assert "could not record it (OSError)" in said
    assert WORDS not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize(
    "options", [("--unseal",), ("--unseal", "--purpose", " "), ("--purpose", "audit")]
)
def test_what_for_is_said_or_nothing_is_opened(
    stream: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    del stream

    code, _ = export(tmp_path / "out", *options)

    assert code == 1
    assert Recorder.said == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_recorded")
def test_what_was_erased_says_so_and_ends_no_export(
    stream: str, customer: str, tmp_path: Path
) -> None:
    del stream
    path = tmp_path / "out"
    keys_of_this_process().erase(customer, request="r-1")

    code, _ = export(path, *WHY)

    placed, _ = lines(path)
    assert code == 0
    assert placed["datacontenttype"] == "application/vnd.teddy.sealed+json"
    assert placed["data"]["withheld"]["reason"] == "erased"
    assert placed["data"]["withheld"]["request"] == "r-1"
    assert placed["data"]["clear"] == {"customer_id": customer}
    assert Recorder.said[0]["subjects"] == []
    with pytest.raises(BadLine, match="sealed"):
        parse_line(path.read_bytes().splitlines()[0])


@pytest.mark.usefixtures("_recorded")
def test_what_was_exported_unsealed_is_imported_and_sealed_anew(
    world: World, stream: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    export(path, *WHY)
    (before,) = [e.sealed for e in world.store().read(stream) if e.sealed]
    other = MemoryEventStore(shop(world.stream_type))

    with path.open("rb", buffering=0) as file:
        summary = import_events(file, other, clock=SystemClock())

    events = list(other.read(stream))
    assert (summary.appended, summary.bad) == (2, 0)
    assert events[0].sealed not in (None, before)
    assert events[0].data == {"customer_id": lines(path)[0]["data"]["customer_id"]}
    again = list(other.read(stream, opener=other.opener()))
    assert again[0].data["remark"] == WORDS


def test_what_another_writer_left_in_the_clear_does_not_leave_the_store(
    world: World, customer: str, tmp_path: Path
) -> None:
    left_in_the_clear(world, customer)
    path = tmp_path / "out"

    code, _ = export(path)

    (line,) = lines(path)
    assert code == 0
    assert WORDS.encode() not in path.read_bytes()
    assert line["data"] == {"customer_id": customer}
    assert (line["problem"], line["withheld"]) == ("sensitive_in_the_clear", "remark")
    with pytest.raises(BadLine, match="left out"):
        parse_line(path.read_bytes().splitlines()[0])


@pytest.mark.usefixtures("_recorded")
def test_it_leaves_the_store_for_who_may_see_it_and_its_subject_is_recorded(
    world: World, customer: str, tmp_path: Path
) -> None:
    left_in_the_clear(world, customer)
    path = tmp_path / "out"

    code, _ = export(path, *WHY)

    (line,) = lines(path)
    assert code == 0
    assert line["data"] == {"customer_id": customer, "remark": WORDS}
    assert Recorder.said[0]["subjects"] == [customer]
    assert parse_line(path.read_bytes().splitlines()[0]).event.data == line["data"]


def test_a_stream_that_is_read_shows_nothing_of_it(
    world: World, stream: str, customer: str
) -> None:
    foreign = left_in_the_clear(world, customer)

    for stream_id in (stream, foreign):
        for options in ((), ("--json",)):
            out = StringIO()
            call_command("read_stream", stream_id, *options, stdout=out)
            assert WORDS not in out.getvalue()
    assert WORDS in str([e.data for e in world.store().read(stream, opener=opener())])
