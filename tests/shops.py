"""Registries by name: `tests.shops.order_ab12` has one stream type `order_ab12`, whose topic no other test uses.

`tests.shops.Order_ab12` is the aggregate of its streams, `tests.shops.ReadingOrder_order_ab12` one that reads what is sealed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from eventstore.testing.shop import shop
from eventstore.testing.shop_orders import Order
from eventstore.testing.shop_privacy import register_privacy
from tests.support.reading_orders import ForgettingOrder, ReadingOrder

if TYPE_CHECKING:
    from eventstore.registry import Registry


@cache
def __getattr__(name: str) -> Registry | type[Order]:
    if name.startswith("Order_"):
        return type("Order", (Order,), {"stream_type": name.lower()})
    for kind in (ReadingOrder, ForgettingOrder):
        if name.startswith(f"{kind.__name__}_"):
            own = name.removeprefix(f"{kind.__name__}_")
            return type(kind.__name__, (kind,), {"stream_type": own})
    if name.startswith("private_"):
        suffix = name.removeprefix("private_")
        return register_privacy(shop(f"order_{suffix}"), f"privacy_{suffix}")
    if not name.startswith("order_"):
        raise AttributeError(name)
    return shop(name)
