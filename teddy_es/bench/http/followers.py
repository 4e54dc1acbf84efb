"""Followers who wait, beside writers: what they cost these, how long an event takes to them, and how much memory each holds."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from eventstore.events import Expected, NewEvent
from eventstore.store import make_event_store
from teddy_es.bench.contestants import OURS, QUIET
from teddy_es.bench.domain import renamed
from teddy_es.bench.figures import Series, of_samples, percentile
from teddy_es.bench.http import clients
from teddy_es.bench.http.asking import CLIENTS, appending, turn
from teddy_es.bench.processes import begin
from teddy_es.domain.access import DataAccessed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from teddy_es.bench.crews import Sample
    from teddy_es.bench.http.web import Web
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

FOLLOWERS: Final = 200
_EVERY_S: Final = 2.0  # seconds between two events that all of them follow


def followers(
    plan: Plan, world: World, web: Web, *, number: int = FOLLOWERS
) -> Iterator[Series]:
    """writers: events/s with and without followers, to whom nothing comes. event: ms to each follower, p99 of each round, beside the same writers."""
    types = renamed("access", world.suffix)
    with appending(web, world, "beside", CLIENTS) as pipe:
        turn(pipe, min(0.5, plan.seconds))  # to warm up
        samples: dict[str, list[Sample]] = {OURS: [], QUIET: []}
        grown: list[float] = []
        took: list[list[float]] = []
        for number_of_round in range(1, plan.rounds + 1):
            plan.tell(f"http/followers: round {number_of_round} of {plan.rounds}")
            plan.noise.listen()
            samples[QUIET].append(turn(pipe, plan.seconds))
            before = web.memory_mb
            with _following(web, number, types) as followed:
                grown.append((web.memory_mb - before) / number)
                samples[OURS].append(turn(pipe, plan.seconds))
                took.append(_taken(plan, world, pipe, followed))
    for name, some in samples.items():
        yield of_samples("http/followers", name, some)
    yield Series("http/followers-memory", OURS, "MB", tuple(grown))
    p99 = tuple(percentile(times, 99) for times in took)
    every = [one for times in took for one in times]
    both = percentile(every, 50), percentile(every, 99)
    yield Series("http/followers-event", OURS, "ms p99", p99, *both)


@contextmanager
def _following(web: Web, number: int, types: str) -> Iterator[Connection]:
    process, pipe = begin(clients.follow, web.address, number, types)
    try:
        pipe.recv()
        yield pipe
    finally:
        pipe.close()
        process.kill()
        process.join(20)


def _taken(
    plan: Plan, world: World, writers: Connection, followed: Connection
) -> list[float]:
    """ms from the answer of `append` to each follower."""
    writing = threading.Thread(target=turn, args=(writers, plan.seconds))
    writing.start()
    accepted = _accepted(plan, f"{renamed('access', world.suffix)}.probe")
    followed.send(len(accepted))
    try:
        came: list[list[float]] = followed.recv()
    except EOFError:
        msg = "the followers' process has ended; what it said stands above"
        raise RuntimeError(msg) from None
    finally:
        writing.join()
    return [
        max(0.0, (at - accepted[n]) * 1000)
        for times in came
        for n, at in enumerate(times)
    ]


def _accepted(plan: Plan, stream: str) -> list[float]:
    """When each event was, of a few about nobody."""
    store, accepted = make_event_store(), list[float]()
    seen = DataAccessed(
        actor="probe",
        actor_kind="service",
        kind="list",
        purpose="audit",
        subjects=["nobody"],
    )
    until = time.monotonic() + plan.seconds
    while not accepted or time.monotonic() < until:
        store.append(stream, [NewEvent(seen)], Expected.ANY)
        accepted.append(time.monotonic())
        time.sleep(min(_EVERY_S, plan.seconds))
    store.close()
    return accepted
