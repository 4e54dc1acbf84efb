"""The HTTP interface beside the Python one, beside an empty call of the same stack, and beside DRF's serializers."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from eventstore.store import make_event_store
from teddy_es.bench.contestants import BARE, OURS, PYTHON, SERIALIZERS
from teddy_es.bench.crews import Threads
from teddy_es.bench.figures import Series, compared, of_samples, percentile
from teddy_es.bench.fill import fill
from teddy_es.bench.http.asking import CLIENTS, appending, asked, turn
from teddy_es.bench.http.followers import followers
from teddy_es.bench.http.killed import killed
from teddy_es.bench.http.lines import Line
from teddy_es.bench.http.soak import soaked
from teddy_es.bench.http.web import served, token
from teddy_es.bench.lineup import contestant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teddy_es.bench.crews import Sample
    from teddy_es.bench.http.web import Web
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

HTTP: Final = (
    "http/post-1",
    "http/post-32",
    "http/page",
    "http/feed",
    "http/followers",
    "http/kill",
    "http/soak",
)
EVENTS: Final = 50_000
_STREAMS: Final = 100
_PAGE: Final = 1_000
_LIST: Final = 100
_AT_LEAST: Final = 20  # requests a round
EMPTY: Final = "/bench/empty"


def http(plan: Plan, world: World) -> Iterator[Series]:
    """Appends, pages, the feed, followers; `kill` and `soak` only if they are asked for by their names."""
    if any(map(plan.wants, HTTP[:-2])):
        with served(world) as web:
            yield from _served(plan, world, web)
    if "kill" in plan.only:
        yield from killed(plan, world)
    if "soak" in plan.only:
        yield from soaked(plan, world)


def _served(plan: Plan, world: World, web: Web) -> Iterator[Series]:
    if plan.wants(HTTP[0]):
        yield from _one(plan, world, web)
    if plan.wants(HTTP[1]):
        yield from _many(plan, world, web)
    if plan.wants(HTTP[4]):
        yield from followers(plan, world, web)
    if plan.wants(HTTP[2]) or plan.wants(HTTP[3]):
        events = plan.events or EVENTS
        plan.tell("http: filling the store")
        fill(make_event_store(), world, "read", events, streams=_STREAMS)
        if plan.wants(HTTP[2]):
            yield from _pages(plan, world, web)
        if plan.wants(HTTP[3]):
            yield from _feeds(plan, world, web, events)


# ---- appends


def _one(plan: Plan, world: World, web: Web) -> Iterator[Series]:
    """p50 of each round, ms."""
    with ExitStack() as opened:
        store = contestant(OURS, world, writers=1)
        opened.callback(store.close)
        numbers = count()
        pipe = opened.enter_context(appending(web, world, "one", 1))
        turn(pipe, min(0.5, plan.seconds))  # to warm up

        def python() -> Sample:
            crew = Threads([store.writer(f"python-{next(numbers)}")])
            return crew.work(plan.seconds)

        turns: dict[str, Callable[[], Sample]] = {
            OURS: partial(turn, pipe, plan.seconds),
            PYTHON: python,
        }
        for name, samples in plan.alternate(HTTP[0], turns).items():
            every = [1000 * one for sample in samples for one in sample.latencies]
            medians = tuple(
                1000 * percentile(sample.latencies, 50) for sample in samples
            )
            both = percentile(every, 50), percentile(every, 99)
            yield Series(HTTP[0], name, "ms p50", medians, *both)


def _many(plan: Plan, world: World, web: Web) -> Iterator[Series]:
    with appending(web, world, "many", CLIENTS) as pipe:
        for path in (None, EMPTY):
            turn(pipe, min(0.5, plan.seconds), path)  # to warm up
        turns = {
            OURS: partial(turn, pipe, plan.seconds),
            BARE: partial(turn, pipe, plan.seconds, EMPTY),
        }
        taken = plan.alternate(HTTP[1], turns)
    found = {name: of_samples(HTTP[1], name, some) for name, some in taken.items()}
    yield from found.values()
    yield compared(f"{HTTP[1]}-share", last=found[OURS], first=found[BARE])


# ---- reads


def _pages(plan: Plan, world: World, web: Web) -> Iterator[Series]:
    """p95 of each round, ms; and how many statements one takes."""
    line = Line(web.address)
    path = f"/api/v1/streams/{world.stream('read-0')}/events?limit={_LIST}"
    asked(line, path)  # to warm up
    turns = {OURS: partial(_times, line, path, plan.seconds)}
    taken = plan.alternate(HTTP[2], turns)[OURS]
    line.close()
    every = [one for times in taken for one in times]
    p95 = tuple(percentile(times, 95) for times in taken)
    both = percentile(every, 50), percentile(every, 99)
    yield Series(HTTP[2], OURS, "ms p95", p95, *both)
    yield Series(f"{HTTP[2]}-queries", OURS, "queries", (_queries(path),))


def _times(line: Line, path: str, seconds: float) -> list[float]:
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(times) < _AT_LEAST:
        started = time.perf_counter()
        asked(line, path)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _queries(path: str) -> float:
    client = Client(headers={"Authorization": f"Token {token()}"})
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, secure=True)
    if answer.status_code != 200:
        msg = f"{path} answered {answer.status_code}"
        raise RuntimeError(msg)
    return float(len(captured))


def _feeds(plan: Plan, world: World, web: Web, events: int) -> Iterator[Series]:
    types = world.stream("").rstrip(".")
    line = Line(web.address)
    turns = {
        OURS: partial(_walk, line, f"/api/v1/feed?types={types}", events),
        SERIALIZERS: partial(_walk, line, f"/bench/serialized?types={types}", events),
    }
    found = {
        name: Series(HTTP[3], name, "events/s", tuple(speeds))
        for name, speeds in plan.alternate(HTTP[3], turns).items()
    }
    line.close()
    yield from found.values()
    yield compared(f"{HTTP[3]}-share", last=found[OURS], first=found[SERIALIZERS])


def _walk(line: Line, address: str, events: int) -> float:
    """Events a second, of the first so many, in pages; the client reads the JSON only as far as it must. Raises RuntimeError if there are fewer."""
    seen, after = 0, ""
    started = time.monotonic()
    while seen < events:
        path = f"{address}&limit={_PAGE}" + (f"&after={after}" if after else "")
        body = asked(line, path)
        found = body.count(b'"event_id":')
        if not found:
            msg = f"{seen} events were read, not {events}"
            raise RuntimeError(msg)
        seen += found
        after = json.loads(b"{" + body[body.rindex(b'"next":') :])["next"]
    return seen / (time.monotonic() - started)
