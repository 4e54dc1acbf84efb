"""The cache of aggregates: bounded, the one asked for longest ago goes first, and what it gives is a copy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from eventstore import metrics
from eventstore.aggregates import Aggregate
from eventstore.repository.cache import AggregateCache
from eventstore.testing.shop_orders import Order


def an_order(name: str, customer: str = "c-1") -> Order:
    order = Order(name)
    order.place(customer)
    return order


def kept(cache: AggregateCache[Order], names: str) -> str:
    """Which of these orders are there."""
    return "".join(name for name in names if cache.get(name))


def test_it_never_holds_more_than_its_size() -> None:
    cache = AggregateCache(Order, 3)

    for name in "abcde":
        cache.put(an_order(name))

    assert len(cache._kept) == 3
    assert kept(cache, "abcde") == "cde"


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    cache = AggregateCache(Order, 2)
    cache.put(an_order("a"))
    cache.put(an_order("b"))

    cache.get("a")
    cache.put(an_order("c"))

    assert kept(cache, "abc") == "ac"


def test_it_is_bounded_with_many_threads_at_it() -> None:
    cache = AggregateCache(Order, 5)

    def use(number: int) -> None:
        cache.put(an_order(str(number)))
        cache.get(str(number - 3))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(500)))

    assert len(cache._kept) == 5


def test_of_one_aggregate_the_last_is_kept() -> None:
    cache = AggregateCache(Order, 2)
    order = an_order("a")
    cache.put(order)
    order.change(7)

    cache.put(order)

    found = cache.get("a")
    assert found is not None
    assert (found.version, found.state.quantity, len(cache._kept)) == (2, 7, 1)


def test_it_gives_copies() -> None:
    cache = AggregateCache(Order, 2)
    cache.put(an_order("a"))
    one = cache.get("a")
    assert one is not None

    one.state.quantity = 99

    other = cache.get("a")
    assert other is not None
    assert other.state.quantity == 0


@pytest.mark.parametrize(("size", "customer"), [(0, "c-1"), (2, "x" * 70_000)])
def test_without_a_size_or_with_a_state_too_large_nothing_is_kept(
    size: int, customer: str
) -> None:
    cache = AggregateCache(Order, size)

    cache.put(an_order("a", customer))

    assert cache.get("a") is None
    assert len(cache._kept) == 0


class WildState(msgspec.Struct):
    """Says what it holds, and need not hold it."""

    value: Any = 0
    number: int = 0


class Wild(Aggregate[WildState]):
    """Of a kind that no test shares."""

    stream_type, state_type = "wild", WildState

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""


def deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(100_000):
        found = [found]
    return found


def errors() -> float:
    return float(metrics.CACHE_ERRORS.labels("wild")._value.get())


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(WildState(value=2**70), id="too large a number"),
        pytest.param(WildState(value=deep()), id="too deep"),
        pytest.param(WildState(value=object()), id="no value"),
        pytest.param(WildState(number="many"), id="of another type"),  # type: ignore[arg-type]
    ],
)
def test_a_state_that_does_not_come_back_is_counted_and_not_kept(
    state: WildState,
) -> None:
    cache, before = AggregateCache(Wild, 2), errors()
    cache.put(Wild("a"))

    cache.put(Wild("a", state=state))

    assert cache.get("a") is None
    assert cache.get("a") is None
    assert errors() - before == 1
