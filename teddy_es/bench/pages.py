"""The console's pages on a full store: server time, through the whole stack of middleware, a fresh page each time."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.test import Client

from eventstore.store import make_event_store
from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series, percentile
from teddy_es.bench.fill import full_events, full_streams
from teddy_es.bench.visits import VISITS, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teddy_es.bench.plan import Plan
    from teddy_es.bench.visits import Visit
    from teddy_es.bench.world import World

_AT_LEAST: Final = 20  # requests a round
_ANSWERED: Final = (200, 302)  # a look-up leads on to what it found


def pages(plan: Plan, world: World) -> Iterator[Series]:
    """p95 of each round, ms; p50 and p99 over all rounds."""
    shelf = Shelf(make_event_store(), world, full_streams(full_events(plan.events)))
    client = _logged_in()
    turns: dict[str, Callable[[], list[float]]] = {}
    for name, visit in VISITS.items():
        if plan.wants(name):
            ask = partial(_seconds, client, partial(visit, shelf))
            ask()  # to warm up
            turns[name] = partial(_times, ask, plan.seconds)
    for name, rounds in plan.alternate("pages", turns).items():
        every = [one for times in rounds for one in times]
        p95 = tuple(percentile(times, 95) for times in rounds)
        p50, p99 = percentile(every, 50), percentile(every, 99)
        yield Series(name, OURS, "ms p95", p95, p50, p99)


def _logged_in() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("bench"))
    return client


def _times(ask: Callable[[], float], seconds: float) -> list[float]:
    """ms of one request after another, for so long, but some in any case."""
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(times) < _AT_LEAST:
        times.append(ask() * 1000)
    return times


def _seconds(client: Client, visit: Callable[[], Visit]) -> float:
    """What to ask for is found out before the clock starts. Raises RuntimeError if it is not what was looked for."""
    wanted = visit()
    started = time.perf_counter()
    if wanted.look_up is None:
        answer = client.get(wanted.address, secure=True)
    else:
        answer = client.post(wanted.address, {"q": wanted.look_up}, secure=True)
    seconds = time.perf_counter() - started
    if answer.status_code not in _ANSWERED:
        msg = f"{wanted.address} answered {answer.status_code}"
        raise RuntimeError(msg)
    return seconds
