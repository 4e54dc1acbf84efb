"""Whoever writes a repository of three methods has their twins for coroutines, as its port says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from eventstore.context import current
from eventstore.repository import EventSourcingRepository
from eventstore.testing.shop_orders import Order

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from eventstore.events import AppendResult


class Shelf(EventSourcingRepository[Order]):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def load(
        self,
        aggregate_id: str,
        *,
        version: int | None = None,
        as_of: datetime | None = None,
    ) -> Order:
        self.asked.append(("load", aggregate_id, version, as_of))
        return Order(aggregate_id)

    def save(
        self,
        aggregate: Order,
        *,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
    ) -> AppendResult | None:
        self.asked.append(("save", aggregate, correlation_id, causation_id))
        return None

    def exists(self, aggregate_id: str) -> bool:
        self.asked.append(("exists", aggregate_id))
        return True


def test_each_method_has_its_twin() -> None:
    shelf, cause = Shelf(), current().causation_id

    async def ask() -> tuple[Order, bool]:
        order = await shelf.aload("1", version=3)
        await shelf.asave(order, causation_id=cause)
        return order, await shelf.aexists("1")

    order, exists = asyncio.run(ask())

    assert exists
    assert shelf.asked == [
        ("load", "1", 3, None),
        ("save", order, None, cause),
        ("exists", "1"),
    ]
