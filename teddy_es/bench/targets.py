"""What the project wants to reach: one place, so that a run can say whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from eventstore.log.configured import EMBEDDED, KAFKA
from teddy_es.bench.figures import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from teddy_es.bench.figures import Series


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for the ratio to the median of the peer as it comes (`ratio`) or for our own (`median`, in the series' unit)."""

    of: Literal["ratio", "median"]
    at: Literal["least", "most"]
    bound: float

    def is_reached_by(self, value: float) -> bool:
        """Whether the value keeps it."""
        return value >= self.bound if self.at == "least" else value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at == "least" else "≤"
        return (
            f"{sign} {self.bound:g}{TIMES}"
            if self.of == "ratio"
            else f"{sign} {self.bound:,g}"
        )


def _ratio(bound: float) -> Target:
    return Target("ratio", "least", bound)


_NONE: Final = (
    "http/kill-lost",
    "http/kill-double",
    "http/soak-missed",
    "http/soak-repeated",
)
"""What there may never be any of, however fast all else is."""

# measure → on the embedded log, on Kafka
_TARGETS: Final[dict[str, tuple[Target, Target]]] = {
    "append/1": (_ratio(1.0), _ratio(0.7)),
    "append/8": (_ratio(2.5), _ratio(1.2)),
    "append/64": (_ratio(5.0), _ratio(3.5)),
    "append/8-processes": (_ratio(1.5), _ratio(1.0)),
    "append/8-one-stream": (_ratio(1.5), _ratio(1.0)),
    "mirror/speed": (Target("median", "least", 8_000),) * 2,
    "mirror/memory": (Target("median", "most", 300),) * 2,
    "read/stream": (_ratio(1.2),) * 2,
    "export/speed": (Target("median", "least", 50_000),) * 2,
    "export/memory": (Target("median", "most", 300),) * 2,
    "space/event": (Target("median", "most", 3_300), Target("median", "most", 2_200)),
    "space/without-log": (Target("median", "most", 2_200),) * 2,
    "history/events": (Target("ratio", "most", 1.2),) * 2,
    "history/streams": (Target("ratio", "most", 1.2),) * 2,
    **dict.fromkeys(
        (f"aggregates/load-{events}" for events in (10, 100, 1_000, 10_000)),
        (Target("ratio", "most", 1.0),) * 2,
    ),
    "aggregates/flat": (Target("median", "most", 1.3),) * 2,
    "aggregates/replay": (Target("ratio", "most", 0.4),) * 2,
    "aggregates/past": (Target("ratio", "most", 1.5),) * 2,
    "aggregates/commands": (_ratio(1.2), _ratio(0.8)),
    **dict.fromkeys(
        ("follow/each-one", "follow/batches-one"),
        (Target("median", "least", 10_000),) * 2,
    ),
    **dict.fromkeys(
        ("follow/each-shared", "follow/batches-shared"),
        (Target("median", "least", 1.5),) * 2,
    ),
    "follow/feed": (_ratio(1.0),) * 2,
    "follow/feed-alone": (Target("median", "least", 60_000),) * 2,
    "follow/live": (Target("median", "most", 20),) * 2,
    "follow/live-p99": (Target("median", "most", 100),) * 2,
    "rebuild/speed": (Target("median", "least", 8_000),) * 2,
    **dict.fromkeys(("seal/append-1", "seal/append-64"), (_ratio(0.87),) * 2),
    "seal/open": (Target("median", "most", 8),) * 2,
    "seal/load": (Target("ratio", "most", 1.2),) * 2,
    "seal/erase": (Target("median", "most", 1),) * 2,
    "seal/key-look-up": (Target("median", "most", 1),) * 2,
    "seal/key-rotate": (Target("median", "least", 2_000),) * 2,
    "seal/key-rotate-memory": (Target("median", "most", 300),) * 2,
    "http/post-1": (Target("ratio", "most", 2.5),) * 2,
    "http/post-32": (Target("median", "least", 500),) * 2,
    "http/post-32-share": (Target("median", "least", 0.6),) * 2,
    "http/page": (Target("median", "most", 25),) * 2,
    "http/page-queries": (Target("median", "most", 6),) * 2,
    "http/feed": (Target("median", "least", 15_000),) * 2,
    "http/feed-share": (Target("median", "least", 1.5),) * 2,
    "http/followers": (_ratio(0.9),) * 2,
    "http/followers-memory": (Target("median", "most", 1),) * 2,
    "http/followers-event": (Target("median", "most", 250),) * 2,
    **dict.fromkeys(_NONE, (Target("median", "most", 0),) * 2),
    **dict.fromkeys(
        ("http/kill-memory-grown", "http/soak-memory-grown"),
        (Target("median", "most", 20),) * 2,
    ),
    "pages/ledger-record": (Target("median", "most", 5),) * 2,
    "http/soak-sockets-grown": (Target("median", "most", 2),) * 2,
    "http/soak-sessions-grown": (Target("median", "most", 2),) * 2,
    "snapshots/speed": (Target("median", "least", 3_000),) * 2,
}
_SLOWER: Final = frozenset({"child", "child_as_of"})
"""Pages that put a whole history together."""


# of any page, and of one of the slower ones
_PAGES: Final[dict[str, tuple[Target, Target]]] = {
    "pages": (Target("median", "most", 60), Target("median", "most", 120)),
    "queries": (Target("median", "most", 8), Target("median", "most", 12)),
    "bytes": (Target("median", "most", 200_000),) * 2,
    "people": (Target("median", "least", 10_000),) * 2,
}


def target(measure: str, log: str) -> Target | None:
    """The one for this measure on this log, if there is one."""
    kind, _, page = measure.partition("/")
    if measure not in _TARGETS and kind in _PAGES:
        return _PAGES[kind][page in _SLOWER]
    pair = _TARGETS.get(measure) if log in {EMBEDDED, KAFKA} else None
    return pair and pair[log == KAFKA]


def broken(series: Iterable[Series]) -> list[str]:
    """The measures of which there is something, though there may be nothing, in any round."""
    return [one.measure for one in series if one.measure in _NONE and any(one.values)]
