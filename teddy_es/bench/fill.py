"""What logs and stores are filled with before they are measured; `teddy_es.synth.filling` does it, many at once."""

from __future__ import annotations

from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from eventstore.database import connect
from eventstore.events import Expected, NewEvent
from eventstore.exchange.cloudevents import parse_line
from eventstore.upkeep.rebuild import analyze
from teddy_es.bench.domain import Happened, renamed, texts
from teddy_es.bench.tables import patient_connection
from teddy_es.synth import filling
from teddy_es.synth.history import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore
    from teddy_es.bench.world import World

FILLED: Final = "filled"
LONG: Final = "long"
_FULL_EVENTS: Final = 1_000_000
_PER_STREAM: Final = 20
_LONG_EVENTS: Final = 10_000


def fill_up(store: EventStore, world: World, wanted: int | None) -> None:
    """What `pages`, `export` and `history` work on: many streams, and one that is long."""
    events = full_events(wanted)
    fill(store, world, FILLED, events, streams=full_streams(events))
    fill(store, world, LONG, min(events, _LONG_EVENTS), streams=1)
    with patient_connection() as connection:
        connection.execute("VACUUM (ANALYZE)")  # else autovacuum would, in mid-turn


def full_events(wanted: int | None) -> int:
    """How many events a full store has, the long stream's left out."""
    return wanted or _FULL_EVENTS


def full_streams(events: int) -> int:
    """How many streams they are of."""
    return max(1, events // _PER_STREAM)


def fill(
    store: EventStore, world: World, name: str, events: int, *, streams: int
) -> None:
    """Bring made-up events of streams `name-0`, `name-1` … into log and index, one a commit, the streams in turn."""
    filling.fill(store, made_up(world, name, events, streams=streams))
    with connect() as connection:
        analyze(connection)


def made_up(world: World, name: str, events: int, *, streams: int) -> Iterator[Draft]:
    """Streams take turns; each commit expects its stream's version."""
    text = texts(name)
    for n in range(events):
        version, stream = divmod(n, streams)
        event = NewEvent(Happened(text=text()))
        yield Draft(world.stream(f"{name}-{stream}"), version, uuid4(), [event])


def exported(world: World, file: str, events: int | None) -> Iterator[Draft]:
    """The first so many events of an export (all: None), in this world's streams. Adjacent ones of a commit stay one."""
    with Path(file).open("rb") as lines:
        parsed = (parse_line(line) for line in islice(lines, events))
        for (stream, commit_id), group in groupby(
            parsed, lambda one: (one.stream_id, one.commit_id)
        ):
            kind, _, own_id = stream.partition(".")
            yield Draft(
                f"{renamed(kind, world.suffix)}.{own_id}",
                Expected.ANY,
                commit_id,
                [one.event for one in group],
            )
