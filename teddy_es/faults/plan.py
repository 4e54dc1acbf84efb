"""The schedule of faults: which, on whom, when, for how long. Drawn from the seed and from nothing else."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# how often each is drawn; `writer kill` is `kill -9`, `stop` SIGSTOP, `restart` an orderly end and a new start
EVERYWHERE: Final = {
    "writer kill": 8,
    "writer stop": 3,
    "writer restart": 2,
    "mirror kill": 4,
    "mirror stop": 2,
    "mirror restart": 1,
    "follower kill": 10,
    "follower stop": 2,
    "follower restart": 1,
    "loader kill": 2,
    "worker kill": 5,
    "worker stop": 1,
    "worker restart": 1,
    "beat kill": 2,
    "eraser kill": 4,
    "postgres kill": 3,
    "postgres restart": 1,
    "backend kill": 3,
    "backend stop": 2,
    "log slow": 2,
    "log cut": 2,
    "log drop": 2,
}
WITH_BROKERS: Final = {"broker kill": 2, "broker stop": 2, "broker restart": 1}
# seconds; the longest are longer than a frozen process may hold a partition's row (rule 9)
_LENGTHS: Final = {(0.1, 1.0): 50, (1.0, 4.0): 42, (4.0, 8.0): 8}
_LENGTH_OF: Final = {"backend stop": (0.5, 4.0)}


@dataclass(frozen=True)
class Fault:
    """`after_s` seconds behind the last one's begin; `length_s` until the target comes back. which: a number that
    picks the target, modulo how many there are."""

    number: int
    kind: str
    which: int
    after_s: float
    length_s: float

    def __str__(self) -> str:
        return (
            f"+{self.after_s:.2f}s {self.kind} #{self.which} for {self.length_s:.2f}s"
        )


@dataclass(frozen=True)
class Wanted:
    """How long at most, and how much at least. pace_s: between two faults, on average.

    kinds: of faults, each of which has to be done. until_enough: end as soon as the least is reached; else the time is used up.
    """

    seconds: float
    seed: str
    appends: int
    kills: int
    until_enough: bool
    pace_s: float
    kinds: Collection[str] = ()

    def lacks(self, appends: float, kills: int, done: Mapping[str, int]) -> list[str]:
        """What of it was not done, in a sentence each. done: faults, by their kinds."""
        numbers = (("appends", appends, self.appends), ("kills", kills, self.kills))
        return [
            *(f"{n} {what}, at least {least} were wanted."
              for what, n, least in numbers if n < least),
            *(f"no {kind}." for kind in self.kinds if not done.get(kind)),
        ]  # fmt: skip


def schedule(seed: str, *, brokers: bool, pace_s: float) -> Iterator[Fault]:
    """Without end: each kind once, in an order of the seed's, then at random. pace_s: between two, on average."""
    dice = random.Random(f"{seed} schedule")
    weights = EVERYWHERE | (WITH_BROKERS if brokers else {})
    first = list(weights)
    dice.shuffle(first)
    number = 0
    while True:
        drawn = first or dice.choices(list(weights), list(weights.values()))
        kind = drawn.pop()
        after = dice.uniform(0.4, 1.6) * pace_s
        low, high = dice.choices(list(_LENGTHS), list(_LENGTHS.values()))[0]
        length = dice.uniform(*_LENGTH_OF.get(kind, (low, high)))
        yield Fault(number, kind, dice.randrange(1_000), after, length)
        number += 1
