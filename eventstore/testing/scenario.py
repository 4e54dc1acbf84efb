"""given / when / then: tests of an aggregate's rules, in the words of its domain. Pure, a millisecond each.

given(Order("1"), OrderPlaced(customer_id="c-1")).when(lambda order: order.close("shipped")).then(
    OrderClosed(reason="shipped")
)
given(Order("1"), …).when(lambda order: order.change(3)).then_refused("order-is-closed")
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from eventstore.aggregates import Aggregate, DomainError, replay

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec

A = TypeVar("A", bound=Aggregate[Any])


def given(aggregate: A, *history: msgspec.Struct) -> Given[A]:
    """An aggregate to which all this has happened."""
    replay(aggregate, history)
    return Given(aggregate)


@dataclass(frozen=True, slots=True)
class Given(Generic[A]):
    """What is so before the command."""

    aggregate: A

    def when(self, command: Callable[[A], object]) -> Outcome[A]:
        """Have the command decided. Whatever it raises but a `DomainError` is an error of the test."""
        try:
            command(self.aggregate)
        except DomainError as refusal:
            return Outcome(self.aggregate, refusal)
        return Outcome(self.aggregate, None)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[A]):
    """What became of the command."""

    aggregate: A
    refusal: DomainError | None

    def then(self, *events: msgspec.Struct) -> A:
        """These events were recorded, and no others; gives the aggregate, to look at its state."""
        assert self.refusal is None, (
            f"it was refused ({self.refusal.code}): {self.refusal}"
        )
        assert self.aggregate.recorded == events
        return self.aggregate

    def then_refused(self, code: str) -> None:
        """The rules refused it, by this code, and nothing was recorded."""
        assert self.refusal is not None, f"it was allowed: {self.aggregate.recorded}"
        assert self.refusal.code == code
        assert not self.aggregate.is_changed
