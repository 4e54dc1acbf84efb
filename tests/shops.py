"""Registries by name: `tests.shops.order_ab12` has one stream type `order_ab12`, whose topic no other test uses."""

from __future__ import annotations

from functools import cache

from eventstore.registry import Registry
from eventstore.testing.shop import shop


@cache
def __getattr__(name: str) -> Registry:
    if not name.startswith("order_"):
        raise AttributeError(name)
    return shop(name)
