"""A run: each kind of measurement in a world of its own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from teddy_es.bench.conditions import conditions
from teddy_es.bench.measures import MEASURES
from teddy_es.bench.world import a_world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan


class PeerMissing(Exception):  # noqa: N818  (it is what happened)
    """The store that is compared with is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "What this store is compared with is a package of its own: pip install 'teddy-es[bench]'"
            " (or 'eventsourcing[postgres]')."
        )


def run(wanted: Iterable[str], plan: Plan) -> tuple[list[Series], dict[str, Any]]:
    """What was found, and under what conditions. Raises `PeerMissing`."""
    if not (find_spec("eventsourcing") and find_spec("psycopg_pool")):
        raise PeerMissing
    found: list[Series] = []
    for name in wanted:
        with a_world() as world:
            found += MEASURES[name](plan, world)
    return found, {**conditions(), "noise": plan.noise.summary()}
