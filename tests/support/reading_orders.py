"""Orders whose rules need what customers have remarked."""

from __future__ import annotations

from typing import Any

import msgspec

from eventstore.aggregates import Aggregate
from eventstore.events import Withheld
from eventstore.testing.shop import OrderChanged, OrderPlaced


class Remarks(msgspec.Struct):
    """All that was remarked."""

    said: list[Any] = []
    changes: int = 0


class ReadingOrder(Aggregate[Remarks]):
    """Keeps what it gets, marks too."""

    stream_type = "order"
    state_type = Remarks
    reads_sealed = True

    def place(self, customer_id: str, remark: str) -> None:
        """A customer orders."""
        self.record(OrderPlaced(customer_id=customer_id, remark=remark))

    def change(self, quantity: int) -> None:
        """Whatever it is."""
        self.record(OrderChanged(quantity=quantity))

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        if isinstance(event, OrderPlaced):
            self.state.said.append(event.remark)
        elif isinstance(event, OrderChanged):
            self.state.changes += 1


class ForgettingOrder(ReadingOrder):
    """Passes what it may not see."""

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        remark: Any = getattr(event, "remark", None)
        if isinstance(remark, Withheld):
            return
        super().apply(event)
