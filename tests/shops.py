"""Registries by name: `tests.shops.order_ab12` has one stream type `order_ab12`, whose topic no other test uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from eventstore.testing.shop import shop

if TYPE_CHECKING:
    from eventstore.registry import Registry


@cache
def __getattr__(name: str) -> Registry:
    if not name.startswith("order_"):
        raise AttributeError(name)
    return shop(name)
