"""What was measured: a series of values, one a round, and what can be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teddy_es.bench.crews import Sample


TIMES: Final = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Series:
    """One contestant at one measure. values: one a round, in `unit`. p50, p99: ms, over all rounds; None: not asked."""

    measure: str
    contestant: str
    unit: str
    values: tuple[float, ...]
    p50: float | None = None
    p99: float | None = None

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)


def of_samples(
    measure: str, contestant: str, samples: Sequence[Sample], *, events: int = 1
) -> Series:
    """Events a second of each round, and the latencies of all. events: that one call stands for."""
    speeds = tuple(events * sample.per_second for sample in samples)
    return Series(measure, contestant, "events/s", speeds, *_latencies(samples))


def as_costs(measure: str, contestant: str, samples: Sequence[Sample]) -> Series:
    """The same the other way round: ms that an append took, on average, in each round."""
    costs = tuple(1000 / sample.per_second for sample in samples)
    return Series(measure, contestant, "ms", costs, *_latencies(samples))


def compared(measure: str, *, last: Series, first: Series) -> Series:
    """How many times the first one is in the last, round by round."""
    pairs = zip(last.values, first.values, strict=True)
    return Series(measure, last.contestant, TIMES, tuple(a / b for a, b in pairs))


def _latencies(samples: Sequence[Sample]) -> tuple[float, float]:
    """p50 and p99 of all, ms."""
    latencies = [one * 1000 for sample in samples for one in sample.latencies]
    return percentile(latencies, 50), percentile(latencies, 99)


def percentile(values: Sequence[float], percent: float) -> float:
    """The least value that so many percent of all do not exceed (nearest rank). Raises ValueError for none."""
    if not values:
        msg = "no values, no percentile"
        raise ValueError(msg)
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]
