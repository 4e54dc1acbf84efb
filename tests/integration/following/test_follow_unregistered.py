"""A follower of some types that meets one which nobody has registered passes it, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.clock import SystemClock
from eventstore.conf import registry
from eventstore.management.subscriptions import overview
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions import follower as followers
from eventstore.testing.shop import OrderPlaced
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    seen,
    subscription,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.registry import EventType

pytestmark = pytest.mark.usefixtures("transactional_db", "table")


class Without:
    """A registry that has lost a class."""

    def __init__(self, name: str) -> None:
        self._name = name

    def event_types(self) -> Iterator[EventType]:
        return (t for t in registry().event_types() if t.name != self._name)


def test_a_type_that_nobody_has_registered_is_left_out_and_told(
    orders: Orders,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in "abc":
        orders.place(name, 4)
    monkeypatch.setattr(followers, "registry", lambda: Without("OrderChanged"))

    follow(follower(subscription(Totals(), types=[OrderPlaced], most=2)))

    how = status_of("totals", SystemClock().now())
    assert (seen(), how.handled, how.skipped) == ({n: [1] for n in "abc"}, 3, 9)
    assert "left out" in overview([how])
    assert caplog.text.count("nobody has registered") == 1


def test_types_that_others_handle_are_no_news(
    orders: Orders, caplog: pytest.LogCaptureFixture
) -> None:
    orders.place("a", 4)

    follow(follower(subscription(Totals(), types=[OrderPlaced])))

    assert status_of("totals", SystemClock().now()).skipped == 0
    assert "nobody has registered" not in caplog.text
