"""How steady the machine was: the same small work before every round, whose times would all be the same in silence."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from statistics import median
from tempfile import TemporaryFile
from typing import Final

_TURNS: Final = 300_000
_SYNCS: Final = 10


@dataclass(slots=True)
class Noise:
    """ms of a fixed loop, ms of an fsync of 4 KiB in the directory for temporary files, load averages; one a round."""

    loop_ms: list[float] = field(default_factory=list)
    fsync_ms: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)

    def listen(self) -> None:
        """Before each round."""
        self.load.append(os.getloadavg()[0])
        self.loop_ms.append(_loop())
        self.fsync_ms.append(_fsync())

    def summary(self) -> dict[str, dict[str, float]]:
        """Median, least and most of each."""
        heard = {
            "loop_ms": self.loop_ms,
            "fsync_ms": self.fsync_ms,
            "load": self.load,
        }
        return {
            name: {"median": median(all_), "min": min(all_), "max": max(all_)}
            for name, all_ in heard.items()
            if all_
        }


def _loop() -> float:
    started = time.perf_counter()
    total = 0
    for n in range(_TURNS):
        total += n
    return (time.perf_counter() - started) * 1000


def _fsync() -> float:
    """The median of some."""
    times = []
    with TemporaryFile() as file:
        for _ in range(_SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return median(times)
