"""`read_stream` and `export_events` refuse what could be read as its opposite, in one line."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from eventstore.errors import CutBeyondEnd
from eventstore.events import Cut, Expected, NewEvent
from eventstore.queries.feed import marks
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderChanged

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.store import EventStore


@pytest.fixture
def stream(embedded_store: EventStore) -> str:
    """With two events."""
    topic = next(iter(embedded_store.topics.numbers))
    stream = f"{topic.removeprefix('eventstore.')}.a"
    events = [NewEvent(OrderChanged(quantity=n)) for n in range(2)]
    embedded_store.append(stream, events, Expected.ANY)
    return stream


@pytest.mark.parametrize("option", ["--from", "--to", "--limit"])
def test_a_number_below_zero_is_refused(stream: str, option: str) -> None:
    with pytest.raises(CommandError, match=f"{option} is 0 or more"):
        call_command("read_stream", stream, f"{option}=-1")


@pytest.mark.parametrize("options", [["--limit=0"], ["--to=0"], ["--from=2", "--to=1"]])
def test_an_empty_part_has_no_lines(stream: str, options: list[str]) -> None:
    out = StringIO()

    call_command("read_stream", stream, *options, "--json", stdout=out)

    assert out.getvalue() == ""


def test_the_table_has_all_events(stream: str) -> None:
    out = StringIO()

    call_command("read_stream", stream, stdout=out)

    assert out.getvalue().count("OrderChanged") == 2


def test_an_empty_stream_id_is_not_every_stream(stream: str, tmp_path: Path) -> None:
    out = tmp_path / "events.ndjson"

    with pytest.raises(CommandError, match="not a stream id"):
        call_command("export_events", "--stream", "", "--output", str(out))

    assert not out.exists()


@pytest.mark.parametrize("one_stream", [False, True])
def test_an_export_behind_the_logs_end_is_refused(
    stream: str, tmp_path: Path, *, one_stream: bool
) -> None:
    out, place = tmp_path / "events.ndjson", get_event_store().topics.places[0]
    beyond = marks()[place].cursor + 1
    only = ["--stream", stream] if one_stream else []

    with pytest.raises(CommandError, match=f"at {beyond}, but the log ends at"):
        call_command(
            "export_events", *only, "--after", f"{place}:{beyond}", "--output", str(out)
        )

    assert not out.exists()


def test_a_cut_is_refused_before_anything_is_read(stream: str) -> None:
    store = get_event_store()
    place = store.topics.places[0]
    store.refuse_cut(Cut({place: marks()[place].cursor}))

    with pytest.raises(CutBeyondEnd):
        store.refuse_cut(Cut({place: marks()[place].cursor + 1}))
    with pytest.raises(ValueError, match="cannot have"):
        store.refuse_cut(Cut({place: -1}))
