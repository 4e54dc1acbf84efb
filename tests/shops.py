"""Registries by name: `tests.shops.order_ab12` has one stream type `order_ab12`, whose topic no other test uses.

`tests.shops.Order_ab12` is the aggregate of its streams.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from eventstore.testing.shop import shop
from eventstore.testing.shop_orders import Order

if TYPE_CHECKING:
    from eventstore.registry import Registry


@cache
def __getattr__(name: str) -> Registry | type[Order]:
    if name.startswith("Order_"):
        return type("Order", (Order,), {"stream_type": name.lower()})
    if not name.startswith("order_"):
        raise AttributeError(name)
    return shop(name)
