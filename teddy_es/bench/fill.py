"""Fills logs and stores quickly: many commits a batch into the log, then folded, never one append after another."""

from __future__ import annotations

from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from eventstore.clock import SystemClock
from eventstore.cloudevents import parse_line
from eventstore.codec import encode
from eventstore.conf import conf, registry
from eventstore.door import Door
from eventstore.events import Commit, Expected, NewEvent
from eventstore.placement import place_of
from eventstore.ports import Appended, Proposal
from eventstore.rebuild import analyze, refold
from eventstore.sealing import sealer
from teddy_es.bench.domain import Happened, renamed, texts
from teddy_es.bench.tables import patient_connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eventstore.ports import Log
    from eventstore.store import EventStore
    from teddy_es.bench.world import World

FULL: Final = "filled"
LONG: Final = "long"
_FULL_EVENTS: Final = 1_000_000
_PER_STREAM: Final = 20
_LONG_EVENTS: Final = 10_000
_BATCH: Final = 2_000  # commits
_TIMEOUT: Final = 60.0


def fill_up(store: EventStore, world: World, wanted: int | None) -> None:
    """What `pages`, `export` and `history` work on: many streams, and one that is long."""
    events = full_events(wanted)
    fill(store, world, FULL, events, streams=full_streams(events))
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
    with store.indexer() as indexer:
        propose(indexer.log, made_up(world, name, events, streams=streams))
        refold(indexer, progress=lambda _place, _moved: None)
        analyze(indexer.connection())


def propose(log: Log, commits: Iterable[Commit]) -> int:
    """Write the commits to the log, in their order; how many events that were."""
    events, waiting = 0, iter(commits)
    while batch := list(islice(waiting, _BATCH)):
        proposals = [
            Proposal(
                place_of(commit.stream_id, conf.PARTITIONS),
                commit.stream_id.encode(),
                encode(commit),
            )
            for commit in batch
        ]
        answers = log.append(proposals, timeout_s=_TIMEOUT)
        if lost := [a for a in answers if not isinstance(a, Appended)]:
            msg = f"the log did not take what the measurement needs: {lost[0]}"
            raise RuntimeError(msg)
        events += sum(len(commit.events) for commit in batch)
    return events


def made_up(world: World, name: str, events: int, *, streams: int) -> Iterator[Commit]:
    """Streams take turns; each commit expects its stream's version."""
    door, text = _door(), texts(name)
    for n in range(events):
        version, stream = divmod(n, streams)
        yield door.commit(
            world.stream(f"{name}-{stream}"),
            [NewEvent(Happened(text=text()))],
            Expected.version(version),
            uuid4(),
        )


def exported(world: World, file: str, events: int | None) -> Iterator[Commit]:
    """The first so many events of an export (all: None), in this world's streams. Adjacent ones of a commit stay one."""
    door = _door()
    with Path(file).open("rb") as lines:
        given = (parse_line(line) for line in islice(lines, events))
        for (stream, commit_id), group in groupby(
            given, lambda one: (one.stream_id, one.commit_id)
        ):
            kind, _, own_id = stream.partition(".")
            yield door.commit(
                f"{renamed(kind, world.suffix)}.{own_id}",
                [one.event for one in group],
                Expected.ANY,
                commit_id,
            )


def _door() -> Door:
    return Door(registry(), SystemClock(), sealer())
