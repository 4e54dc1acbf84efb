"""A run: each kind of measurement in a world of its own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from eventstore.store import make_event_store
from teddy_es.bench.conditions import conditions
from teddy_es.bench.fill import fill_up
from teddy_es.bench.measures import FRESH, FULL
from teddy_es.bench.world import a_world

if TYPE_CHECKING:
    from collections.abc import Collection

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan


class PeerMissing(Exception):  # noqa: N818  (it is what happened)
    """The store that is compared with is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "What this store is compared with is a package of its own: pip install 'teddy-es[bench]'"
            " (or 'eventsourcing[postgres]')."
        )


def run(wanted: Collection[str], plan: Plan) -> tuple[list[Series], dict[str, Any]]:
    """What was found, and under what conditions. Raises `PeerMissing`."""
    if not (find_spec("eventsourcing") and find_spec("psycopg_pool")):
        raise PeerMissing
    found: list[Series] = []
    for name, measure in FRESH.items():
        if name in wanted:
            with a_world() as world:
                found += measure(plan, world)
    on_full = [measure for name, measure in FULL.items() if name in wanted]
    if on_full:
        with a_world() as world:
            plan.tell("filling a store")
            fill_up(make_event_store(), world, plan.events)
            for measure in on_full:
                found += measure(plan, world)
    return found, {**conditions(), "noise": plan.noise.summary()}
