"""The console's pages on a full store: server time, through the whole stack of middleware, a fresh page each time; beside Django's own list."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.ledger import AccessLedger
from eventstore.conf import conf
from eventstore.log.configured import KAFKA
from teddy_es.bench import stock
from teddy_es.bench.console import catch_up, fill_console, logged_in
from teddy_es.bench.contestants import OURS, STOCK
from teddy_es.bench.figures import Series, percentile
from teddy_es.bench.visits import VISITS, Shelf, Visit
from teddy_es.bench.world import CannotMeasure, a_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from teddy_es.bench.plan import Plan

LEDGER: Final = "pages/ledger-record"
_AT_LEAST: Final = 20  # requests of a second or longer
_ANSWERED: Final = (200, 302)  # a look-up leads on to what it found


def pages(plan: Plan) -> Iterator[Series]:
    """p95 of each round, ms; p50 and p99 over all rounds; of each page also its statements and its bytes. In a world of its own."""
    if conf.LOG == KAFKA:
        msg = "The console's pages are measured on the embedded log: its streams' topics are the installation's own."
        raise CannotMeasure(msg)
    with a_world(is_projects=True):
        plan.tell("pages: filling a store")
        fill_console(plan)
        yield from catch_up(plan)
        yield from _measured(plan, logged_in(), Shelf())


def _measured(plan: Plan, client: Client, shelf: Shelf) -> Iterator[Series]:
    """Page by page, each in turns with Django's list, so that a slow minute is everybody's."""
    beside = partial(_stock_times, client, plan.seconds)
    for name, visit in VISITS.items():
        if plan.wants(name):
            ask = partial(_ms, client, partial(visit, shelf))
            yield from _size(name, client, visit(shelf))
            ours = partial(_times, ask, plan.seconds)
            for who, rounds in plan.alternate(
                name, {OURS: ours, STOCK: beside}
            ).items():
                yield _series(name, who, rounds)
    if plan.wants(LEDGER):
        record = partial(_times, partial(_record_ms, shelf), plan.seconds)
        for who, rounds in plan.alternate(LEDGER, {OURS: record}).items():
            yield _series(LEDGER, who, rounds)


def _series(name: str, who: str, rounds: list[list[float]]) -> Series:
    every = [one for times in rounds for one in times]
    p95 = tuple(percentile(times, 95) for times in rounds)
    return Series(
        name, who, "ms p95", p95, percentile(every, 50), percentile(every, 99)
    )


def _size(name: str, client: Client, visit: Visit) -> Iterator[Series]:
    """Asked once to warm up, once to count."""
    _asked(client, visit)
    with CaptureQueriesContext(connection) as queries:
        answer = _asked(client, visit)
    page = name.removeprefix("pages/")
    yield Series(f"queries/{page}", OURS, "queries", (float(len(queries)),))
    yield Series(f"bytes/{page}", OURS, "bytes", (float(len(answer.content)),))


def _times(ask: Callable[[], float], seconds: float) -> list[float]:
    """ms of one request after another, for so long, but some in any case. The first does not count: addresses and templates may be new."""
    ask()
    times: list[float] = []
    until = time.monotonic() + seconds
    least = max(1, min(_AT_LEAST, round(seconds * _AT_LEAST)))
    while time.monotonic() < until or len(times) < least:
        times.append(ask())
    return times


def _ms(client: Client, visit: Callable[[], Visit]) -> float:
    """What to ask for is found out before the clock starts."""
    wanted = visit()
    started = time.perf_counter()
    _asked(client, wanted)
    return (time.perf_counter() - started) * 1000


def _stock_times(client: Client, seconds: float) -> list[float]:
    with stock.as_django_brings_it():
        return _times(partial(_ms, client, partial(Visit, stock.ADDRESS)), seconds)


def _record_ms(shelf: Shelf) -> float:
    """That one look is written down: what a page that shows somebody waits for."""
    child = str(shelf.arguments("<child_id>")["child_id"])
    ledger = AccessLedger()
    started = time.perf_counter()
    ledger.record(
        kind="view",
        purpose="audit",
        subjects=[child],
        object=f"child.{child}",
        actor="bench",
    )
    return (time.perf_counter() - started) * 1000


def _asked(client: Client, wanted: Visit) -> Any:
    """Raises RuntimeError if it is not what was looked for."""
    if wanted.look_up is None:
        answer = client.get(wanted.address, secure=True)
    else:
        answer = client.post(wanted.address, {"q": wanted.look_up}, secure=True)
    if answer.status_code not in _ANSWERED:
        msg = f"{wanted.address} answered {answer.status_code}"
        raise RuntimeError(msg)
    return answer
