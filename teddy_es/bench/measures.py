"""All there is to measure, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from teddy_es.bench.aggregates import MEASURES as AGGREGATES
from teddy_es.bench.aggregates import aggregates
from teddy_es.bench.append import TURNS, append
from teddy_es.bench.export import export
from teddy_es.bench.follow import FOLLOW, follow
from teddy_es.bench.history import HISTORY, history
from teddy_es.bench.http.measures import HTTP, http
from teddy_es.bench.mirror import mirror
from teddy_es.bench.pages import LEDGER, pages
from teddy_es.bench.read import read
from teddy_es.bench.rebuild import rebuild
from teddy_es.bench.sealing import SEAL, seal
from teddy_es.bench.snapshots import snapshots
from teddy_es.bench.space import space
from teddy_es.bench.visits import VISITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

Measure = Callable[["Plan", "World"], "Iterator[Series]"]

FRESH: Final[dict[str, Measure]] = {
    "append": append,
    "mirror": mirror,
    "read": read,
    "space": space,
    "aggregates": aggregates,
    "snapshots": snapshots,
    "follow": follow,
    "rebuild": rebuild,
    "seal": seal,
    "http": http,
}
"""Each in an empty world of its own."""

FULL: Final[dict[str, Measure]] = {
    "export": export,
    "history": history,
}
"""All in one world with many events, in this order: the last one adds to it."""

OWN: Final[dict[str, Callable[[Plan], Iterator[Series]]]] = {"pages": pages}
"""Each makes its world itself."""

MEASURES: Final = (*FRESH, *FULL, *OWN)

CHOICES: Final = [
    measure.rpartition("/")[2]
    for measure in (
        *TURNS,
        *AGGREGATES,
        *FOLLOW,
        *VISITS,
        LEDGER,
        *HISTORY,
        *SEAL,
        *HTTP,
    )
]
"""What can be asked for alone (`Plan.only`)."""
