"""What sealing costs: the same appends, loads and reads with what is said sealed and in the clear, in turns; opening; erasing."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from itertools import count, cycle
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from eventstore.clock import SystemClock
from eventstore.database import connect
from eventstore.events import Expected, NewEvent
from eventstore.opening import opener
from eventstore.opening.recorded import as_sealed
from eventstore.privacy.configured import erasing
from eventstore.repository import AggregateRepository
from eventstore.snapshots import snapshot_store
from eventstore.snapshots.builder.run import Snapshotter
from eventstore.store import make_event_store
from eventstore.upkeep.rebuild import analyze
from teddy_es.bench.contestants import OURS, STREAMS, UNSEALED
from teddy_es.bench.crews import Threads
from teddy_es.bench.domain import Happened, Told, confidants, renamed, talks, texts
from teddy_es.bench.figures import Series, as_costs, of_samples
from teddy_es.bench.keys import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eventstore.registry import Event
    from eventstore.store import EventStore
    from teddy_es.bench.contestants import Append
    from teddy_es.bench.crews import Sample
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

SEAL: Final = (
    "seal/append-1",
    "seal/append-64",
    "seal/read",
    "seal/open",
    "seal/load",
    "seal/erase",
    "seal/key-look-up",
    "seal/key-rotate",
)
_EVENTS: Final = 10_000
_LOADED: Final = 1_005  # five behind the newest snapshot
_MONTHS: Final = 24
_WARM_UP: Final = 0.5  # seconds at most


def seal(plan: Plan, world: World) -> Iterator[Series]:
    """Appends a second; events read a second; µs to open one; ms a load; seconds an erasure; what many keys take."""
    for writers in (1, 64):
        if plan.wants(f"seal/append-{writers}"):
            yield from _appends(plan, world, writers)
    if plan.wants("seal/read") or plan.wants("seal/open"):
        yield from _reads(plan, world)
    if plan.wants("seal/load"):
        yield from _loads(plan, world)
    if plan.wants("seal/erase"):
        yield _erasures(plan, world)
    if plan.wants("seal/key-look-up") or plan.wants("seal/key-rotate"):
        yield from keys(plan, world)


# ---- appends


def _appends(plan: Plan, world: World, writers: int) -> Iterator[Series]:
    measure, turns = f"seal/append-{writers}", count()

    def turn(make: Callable[[str, str], Event], kind: str) -> Sample:
        own = f"{measure.replace('/', '-')}-{next(turns)}"
        with closing(make_event_store()) as store:
            crew = Threads(
                [
                    _writer(store, world, kind, make, f"{own}-{n}")
                    for n in range(writers)
                ]
            )
            crew.work(min(_WARM_UP, plan.seconds))
            return crew.work(plan.seconds)

    contestants = {
        OURS: partial(turn, _told, "told"),
        UNSEALED: partial(turn, _happened, "bench"),
    }
    for name, samples in plan.alternate(measure, contestants).items():
        yield of_samples(measure, name, samples)


def _told(own: str, text: str) -> Event:
    return Told(about=own, text=text)


def _happened(_own: str, text: str) -> Event:
    return Happened(text=text)


def _writer(
    store: EventStore,
    world: World,
    kind: str,
    make: Callable[[str, str], Event],
    own: str,
) -> Append:
    """Appends to a few streams in turn, all about one person, expecting what it appended last."""
    streams = [f"{renamed(kind, world.suffix)}.{own}-{n}" for n in range(STREAMS)]
    heads, turns, text = dict.fromkeys(streams, 0), cycle(streams), texts(own)

    def append() -> None:
        stream = next(turns)
        event = NewEvent(make(own, text()))
        heads[stream] = store.append(stream, [event], heads[stream]).last_version

    append()  # its key is made here: once a person and month, and no part of an append
    return append


# ---- reads


def _reads(plan: Plan, world: World) -> Iterator[Series]:
    """A stream, sealed and opened, and in the clear; and of the former the opening alone, under a key that is warm."""
    events = min(plan.events or _EVENTS, _EVENTS)
    with closing(make_event_store()) as store:
        sealed = _filled(store, world, "told", _told, "read", events)
        clear = _filled(store, world, "bench", _happened, "read", events)
        if plan.wants("seal/read"):
            turns = {
                OURS: partial(_read, store, sealed, events, opens=True),
                UNSEALED: partial(_read, store, clear, events, opens=False),
            }
            crews = {name: Threads([turn]) for name, turn in turns.items()}
            taken = plan.alternate(
                "seal/read",
                {
                    name: partial(crew.work, plan.seconds)
                    for name, crew in crews.items()
                },
            )
            for name, samples in taken.items():
                yield of_samples("seal/read", name, samples, events=events)
        if plan.wants("seal/open"):
            yield _openings(plan, store, sealed)


def _read(store: EventStore, stream: str, events: int, *, opens: bool) -> None:
    right = opener() if opens else None
    found = list(store.read(stream, opener=right))
    if len(found) != events or "text" not in found[-1].data:
        msg = f"{len(found)} events were read, not {events}, or not opened"
        raise RuntimeError(msg)


def _openings(plan: Plan, store: EventStore, stream: str) -> Series:
    right = opener()
    boxes = [(stream, one.commit_id, as_sealed(one)) for one in store.read(stream)]

    def turn() -> float:
        began, opened = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < plan.seconds or not opened:
            for stream_id, commit_id, event in boxes:
                right.open(stream_id, commit_id, event)
            opened += len(boxes)
        return took / opened * 1e6

    turn()
    values = plan.alternate("seal/open", {OURS: turn})[OURS]
    return Series("seal/open", OURS, "µs", tuple(values))


# ---- loads


def _loads(plan: Plan, world: World) -> Iterator[Series]:
    """An aggregate with its newest snapshot: one whose state is sealed, and one whose state is of open fields."""
    events = min(plan.events or _LOADED, _LOADED)
    with ExitStack() as opened:
        store = opened.enter_context(closing(make_event_store()))
        turns = {}
        for name, kind, make, cls in (
            (OURS, "told", _told, confidants(world.suffix)),
            (UNSEALED, "bench", _happened, talks(world.suffix)),
        ):
            _filled(store, world, kind, make, "load", events)
            right = opener() if cls.reads_sealed else None
            repository = AggregateRepository(
                cls,
                store,
                snapshots=snapshot_store(cls, opener=right),
                cache=0,
                opener=right,
            )
            turns[name] = partial(_load, repository, events)
        Snapshotter(store, SystemClock(), Random(1)).build_due()
        crews = {name: Threads([turn]) for name, turn in turns.items()}
        for crew in crews.values():
            crew.work(min(_WARM_UP, plan.seconds))
        taken = plan.alternate(
            "seal/load",
            {name: partial(crew.work, plan.seconds) for name, crew in crews.items()},
        )
        for name, samples in taken.items():
            yield as_costs("seal/load", name, samples)


def _load(repository: AggregateRepository, events: int) -> None:  # type: ignore[type-arg]
    loaded = repository.load("load")
    if loaded.version != events or not loaded.state.said:
        msg = f"version {loaded.version} was loaded, not {events}, or nothing was said"
        raise RuntimeError(msg)


# ---- erasures


def _erasures(plan: Plan, world: World) -> Series:
    """From the call to its end: the keys are gone before, and the rest is counting and telling."""
    turns = count()

    def turn() -> float:
        own = f"erased-{next(turns)}"
        with closing(make_event_store()) as store:
            _filled_over_months(store, world, own, min(plan.events or _EVENTS, _EVENTS))
        began = time.perf_counter()
        erasing().erase(
            own, request="bench", requested_by="bench-1", approved_by="bench-2"
        )
        return time.perf_counter() - began

    values = plan.alternate("seal/erase", {OURS: turn})[OURS]
    return Series("seal/erase", OURS, "s", tuple(values))


def _filled(
    store: EventStore,
    world: World,
    kind: str,
    make: Callable[[str, str], Event],
    own: str,
    events: int,
) -> str:
    """A stream of so many events, many of them a commit; its id."""
    stream, text = f"{renamed(kind, world.suffix)}.{own}", texts(own)
    for first in range(0, events, 500):
        some = [NewEvent(make(own, text())) for _ in range(min(500, events - first))]
        store.append(stream, some, first, timeout_s=60)
    with connect() as connection:
        analyze(connection)
    return stream


def _filled_over_months(store: EventStore, world: World, own: str, events: int) -> None:
    text = texts(own)
    for month in range(_MONTHS):
        moment = datetime(2024 + month // 12, month % 12 + 1, 15, tzinfo=UTC)
        some = [
            NewEvent(_told(own, text()), event_id=uuid4(), occurred_at=moment)
            for _ in range(-(-events // _MONTHS))
        ]
        stream = f"{renamed('told', world.suffix)}.{own}-{month}"
        store.append(stream, some, Expected.NO_STREAM, timeout_s=60)
