"""Following the log: workers that catch up, the feed page by page, and how long an event takes to its handler."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from eventstore.events import Cut, Expected, NewEvent
from eventstore.store import make_event_store
from teddy_es.bench.contestants import OURS, PEER
from teddy_es.bench.domain import Happened, texts
from teddy_es.bench.figures import Series, compared, percentile
from teddy_es.bench.fill import fill
from teddy_es.bench.followers import EMPTY, HANDLED, TABLE, catch_up, follow_live
from teddy_es.bench.processes import begin
from teddy_es.bench.tables import patient_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

FOLLOW: Final = ("follow/each", "follow/batches", "follow/feed", "follow/live")
EVENTS: Final = 100_000
_PER_STREAM: Final = 20
_PAGE: Final = 1_000
_A_SECOND: Final = 100  # events, while the way to the handler is timed


def follow(plan: Plan, world: World) -> Iterator[Series]:
    """each, batches: events a second of one worker, of two, and how many times the one. feed: events a second, decoded.

    live: ms from the answer of `append` to the commit of the handler's transaction, in another process.
    """
    events = plan.events or EVENTS
    plan.tell("follow: filling the store")
    fill(
        make_event_store(),
        world,
        "followed",
        events,
        streams=max(1, events // _PER_STREAM),
    )
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    with patient_connection() as own:
        own.execute("VACUUM (ANALYZE)")  # else autovacuum would, in mid-turn
    for measure, batches in ((FOLLOW[0], False), (FOLLOW[1], True)):
        if plan.wants(measure):
            yield from _caught_up(plan, world, events, measure, batches=batches)
    if plan.wants(FOLLOW[2]):
        yield from _feeds(plan, events)
    if plan.wants(FOLLOW[3]):
        yield from _live(plan, world)


def _caught_up(
    plan: Plan, world: World, events: int, measure: str, *, batches: bool
) -> Iterator[Series]:
    with ExitStack() as opened:
        pipes = [
            opened.enter_context(_process(catch_up, world, batches)) for _ in range(2)
        ]
        turns = {
            "one": partial(_turn, pipes[:1], events),
            "two": partial(_turn, pipes, events),
        }
        found = {
            name: Series(f"{measure}-{name}", OURS, "events/s", tuple(speeds))
            for name, speeds in plan.alternate(measure, turns).items()
        }
    yield from found.values()
    yield compared(f"{measure}-shared", last=found["two"], first=found["one"])


def _turn(pipes: Sequence[Connection], events: int) -> float:
    """Events a second of these workers, all on one subscription that is new. Raises RuntimeError if not all were handled."""
    name = f"turn-{time.monotonic_ns()}"
    with connection.cursor() as cursor:
        cursor.execute(EMPTY)
        started = time.monotonic()
        for pipe in pipes:
            pipe.send(name)
        ended = max(pipe.recv() for pipe in pipes)
        cursor.execute(HANDLED)
        [handled] = cursor.fetchone()
    if handled != events:
        msg = f"{handled} events were handled, not {events}"
        raise RuntimeError(msg)
    return float(events / (ended - started))


def _feeds(plan: Plan, events: int) -> Iterator[Series]:
    with ExitStack() as opened:
        turns = {OURS: partial(_read_feed, events)}
        if PEER in plan.contestants:
            from teddy_es.bench.peer import PeerFeed

            plan.tell(f"{FOLLOW[2]}: filling, {PEER}")
            peer = PeerFeed(events, _PER_STREAM)
            opened.callback(peer.close)
            turns[PEER] = partial(peer.read, _PAGE)
        for name, speeds in plan.alternate(FOLLOW[2], turns).items():
            yield Series(FOLLOW[2], name, "events/s", tuple(speeds))
            if name == OURS:  # has a target of its own, besides the one beside the peer
                yield Series(f"{FOLLOW[2]}-alone", name, "events/s", tuple(speeds))


def _read_feed(events: int) -> float:
    """Events a second, all of it in pages. Raises RuntimeError if it was not all."""
    store, cut, count = make_event_store(), Cut(), 0
    started = time.monotonic()
    while True:
        page, cut = store.read_all(cut, limit=_PAGE)
        if not page:
            break
        count += len(page)
    if count != events:
        msg = f"{count} events were read, not {events}"
        raise RuntimeError(msg)
    return count / (time.monotonic() - started)


def _live(plan: Plan, world: World) -> Iterator[Series]:
    store, text = make_event_store(), texts("live")
    try:
        with _process(follow_live, world) as pipe:
            turn = partial(_answered, store.append, world, text, plan.seconds, pipe)
            taken = plan.alternate(FOLLOW[3], {OURS: turn})[OURS]
    finally:
        store.close()
    took = [ms for one in taken for ms in one]
    both = percentile(took, 50), percentile(took, 99)
    medians = tuple(percentile(one, 50) for one in taken)
    yield Series(FOLLOW[3], OURS, "ms", medians, *both)
    slow = tuple(percentile(one, 99) for one in taken)
    yield Series(f"{FOLLOW[3]}-p99", OURS, "ms", slow)


def _answered(
    append: Callable[..., Any],
    world: World,
    text: Callable[[], str],
    seconds: float,
    pipe: Connection,
) -> list[float]:
    """ms of each event, at a steady pace; of those whose handler was done before `append` had answered, none."""
    accepted: dict[tuple[str, int], float] = {}
    streams = [world.stream(f"live-{time.monotonic_ns()}-{n}") for n in range(10)]
    began = time.monotonic()
    for n in range(max(1, round(seconds * _A_SECOND))):
        time.sleep(max(0.0, began + n / _A_SECOND - time.monotonic()))
        stream = streams[n % len(streams)]
        event = NewEvent(Happened(text=text()))
        answer = append(stream, [event], Expected.ANY)
        accepted[stream, answer.last_version] = time.monotonic()
    pipe.send(len(accepted))
    committed: dict[tuple[str, int], float] = pipe.recv()
    return [max(0.0, (committed[key] - at) * 1000) for key, at in accepted.items()]


@contextmanager
def _process(task: Callable[..., None], *args: Any) -> Iterator[Connection]:
    process, pipe = begin(task, *args)
    try:
        pipe.recv()  # it is ready
        yield pipe
    finally:
        pipe.close()
        process.join(20)
        process.kill()
