"""A run: each kind of measurement in a world of its own, or in one that was filled for several."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from eventstore.database import connect
from eventstore.store import make_event_store
from teddy_es.bench.append import connections_needed
from teddy_es.bench.fill import fill_up
from teddy_es.bench.measures import FRESH, FULL, OWN
from teddy_es.bench.world import CannotMeasure, a_world

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan

_FREE: Final = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""


def run(wanted: Collection[str], plan: Plan) -> Generator[Series]:
    """What is found, as it is found; close it to have everything put away. Raises `CannotMeasure` at the start."""
    _refuse_without_peer()
    if "append" in wanted:
        _refuse_too_few_connections(connections_needed(plan))
    for name, measure in FRESH.items():
        if name in wanted:
            with a_world() as world:
                yield from measure(plan, world)
    for name, own in OWN.items():
        if name in wanted:
            yield from own(plan)
    on_full = [measure for name, measure in FULL.items() if name in wanted]
    if on_full:
        with a_world() as world:
            plan.tell("filling a store")
            fill_up(make_event_store(), world, plan.events)
            for measure in on_full:
                yield from measure(plan, world)


def _refuse_without_peer() -> None:
    if not (find_spec("eventsourcing") and find_spec("psycopg_pool")):
        msg = (
            "The store that we compare with is a package of its own: pip install 'teddy-es[bench]'"
            " (or 'eventsourcing[postgres]')."
        )
        raise CannotMeasure(msg)


def _refuse_too_few_connections(needed: int) -> None:
    with connect() as connection:
        row = connection.execute(_FREE).fetchone()
    free = row[0] if row else 0
    if needed > free:
        msg = (
            f"The writers need up to {needed} connections; this PostgreSQL has {free} left. Raise"
            " max_connections, or measure with fewer writers: --only 1,8"
        )
        raise CannotMeasure(msg)
