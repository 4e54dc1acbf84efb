"""The shop's aggregate: an order. For the contract suites, and for examples of how an aggregate is written."""

from __future__ import annotations

from typing import Literal

import msgspec

from eventstore.aggregates import Aggregate, DomainError
from eventstore.testing.shop import OrderChanged, OrderClosed, OrderPlaced


class OrderIsClosed(DomainError):
    """The order is closed, and nothing about it changes any more."""

    code = "order-is-closed"


class OrderAlreadyPlaced(DomainError):
    """The order was placed before."""

    code = "order-already-placed"


class OrderState(msgspec.Struct):
    """What the rules of an order need."""

    customer_id: str = ""
    quantity: int = 0
    changes: int = 0
    is_closed: bool = False


class Order(Aggregate[OrderState]):
    """An order from its placing to its closing."""

    stream_type = "order"
    state_type = OrderState

    def place(self, customer_id: str, *, remark: str | None = None) -> None:
        """A customer orders. Raises `OrderAlreadyPlaced`."""
        if not self.is_new:
            raise OrderAlreadyPlaced
        self.record(OrderPlaced(customer_id=customer_id, remark=remark))

    def change(self, quantity: int) -> None:
        """The customer wants more or less. Raises `OrderIsClosed`."""
        self._refuse_closed()
        self.record(OrderChanged(quantity=quantity))

    def close(self, reason: Literal["shipped", "cancelled"]) -> None:
        """It is done with. Raises `OrderIsClosed`."""
        self._refuse_closed()
        self.record(OrderClosed(reason=reason))

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        match event:
            case OrderPlaced():
                self.state.customer_id = event.customer_id
            case OrderChanged():
                self.state.quantity = event.quantity
                self.state.changes += 1
            case OrderClosed():
                self.state.is_closed = True

    def _refuse_closed(self) -> None:
        if self.state.is_closed:
            raise OrderIsClosed
