"""How a run goes: how many rounds, how long, and which measurements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from teddy_es.bench.contestants import NAMES
from teddy_es.bench.noise import Noise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """seconds: of one measurement. only: measurements by the end of their names; none: all. tell: says what is done now."""

    rounds: int = 5
    seconds: float = 3.0
    only: frozenset[str] = frozenset()
    contestants: tuple[str, ...] = NAMES
    events: int | None = None
    keys: int | None = None
    file: str | None = None
    tell: Callable[[str], None] = lambda _: None
    noise: Noise = field(default_factory=Noise)

    def wants(self, measure: str) -> bool:
        """Whether this one was asked for."""
        return not self.only or measure.rpartition("/")[2] in self.only

    def alternate(
        self, measure: str, turns: Mapping[str, Callable[[], T]]
    ) -> dict[str, list[T]]:
        """Let the contestants take turns, A B C A B C …, so that a slow minute is everybody's; what each turn gave."""
        taken: dict[str, list[T]] = {name: [] for name in turns}
        for number in range(1, self.rounds + 1):
            self.noise.listen()
            for name, turn in turns.items():
                self.tell(f"{measure}: round {number} of {self.rounds}, {name}")
                taken[name].append(turn())
        return taken
