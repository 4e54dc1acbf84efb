"""All there is to measure, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from teddy_es.bench.append import append
from teddy_es.bench.mirror import mirror

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from teddy_es.bench.figures import Series
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

MEASURES: Final[dict[str, Callable[[Plan, World], Iterator[Series]]]] = {
    "append": append,
    "mirror": mirror,
}
