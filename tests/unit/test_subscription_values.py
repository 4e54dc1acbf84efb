"""What a subscription may be told: the borders of its numbers, and what it wants, in types, topics and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventstore.registry import Event
from eventstore.subscriptions import Subscription
from eventstore.subscriptions.configured import by_name, configured
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

LARGEST = 2_147_483_647
LONGEST_S = 2_147_483


class Unknown(Event, frozen=True):
    """Nobody has registered it."""


def handle(_event: object) -> None:
    """Does nothing."""


def made(**given: Any) -> Subscription:
    return Subscription(name="totals", handler=handle, **given)


@pytest.fixture(autouse=True)
def _one_type_of_streams(settings: Settings) -> None:
    settings.EVENTSTORE = {"REGISTRY": "tests.shops.order_valued"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("most", 1),
        ("most", LARGEST),
        ("version", 1),
        ("version", LARGEST),
        ("timeout_s", 0.001),
        ("timeout_s", LONGEST_S),
        ("retries", []),
        ("retries", (0, 0.5, LONGEST_S)),
    ],
)
def test_what_stands_at_a_border_is_taken(field: str, value: object) -> None:
    assert getattr(made(**{field: value}), field) == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("most", 0),
        ("most", LARGEST + 1),
        ("version", 0),
        ("version", LARGEST + 1),
        ("timeout_s", 0),
        ("timeout_s", LONGEST_S + 1),
        ("retries", [1, -0.1]),
        ("retries", [LONGEST_S + 1]),
        ("retries", 5),
        ("retries", ["5"]),
    ],
)
def test_what_lies_behind_it_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"totals: {field}"):
        made(**{field: value})


@pytest.mark.parametrize(
    "handlers",
    [{}, {"batch_handler": handle, "raw_handler": handle}, {"handler": None}],
)
def test_there_is_one_handler(handlers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give one of"):
        Subscription(name="totals", **handlers)


@pytest.mark.parametrize("kind", ["handler", "batch_handler", "raw_handler"])
def test_the_handler_that_was_given_is_called(kind: str) -> None:
    given: dict[str, Any] = {kind: handle}

    assert Subscription(name="totals", **given).call is handle


def test_what_is_left_out_is_as_the_guide_says() -> None:
    one = made()

    assert (one.start, one.version, one.unreadable) == ("beginning", 1, "park")
    assert (one.retries, one.most, one.timeout_s) == ((1, 5, 25, 125), 500, 60)
    assert one.takes_over
    assert one.past_is_live


def test_without_types_it_wants_all_of_them() -> None:
    assert made().wanted is None
    assert made(streams=["order_valued"]).wanted is None
    assert made(types=[OrderPlaced]).wanted == frozenset({"OrderPlaced"})


@pytest.mark.parametrize(
    "given", [{}, {"streams": ["order_valued"]}, {"types": [OrderChanged]}]
)
def test_its_topics_are_those_of_what_it_wants(given: dict[str, Any]) -> None:
    assert made(**given).topics == {"eventstore.order_valued"}


def test_what_the_registry_does_not_know_is_named() -> None:
    with pytest.raises(ValueError, match="totals: nowhere, x is none of order_valued"):
        _ = made(streams=["x", "order_valued", "nowhere"]).topics
    with pytest.raises(ValueError, match="totals: Unknown is not a registered event"):
        _ = made(types=[OrderPlaced, Unknown]).topics
    with pytest.raises(ValueError, match="totals: Unknown is not a registered event"):
        _ = made(types=[Unknown]).wanted


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "everything"),
        ({"types": [OrderPlaced, OrderChanged]}, "OrderChanged, OrderPlaced"),
        ({"streams": ["b", "a"]}, "all of a, all of b"),
        ({"streams": ["x" * 193]}, "all of " + "x" * 193),
        ({"streams": ["x" * 194]}, "all of " + "x" * 192 + "…"),
    ],
)
def test_what_it_wants_in_words(given: dict[str, Any], words: str) -> None:
    assert made(**given).wants == words


def test_a_name_is_one_subscriptions() -> None:
    one = made()
    assert by_name([one, one]) == {"totals": one}

    with pytest.raises(
        ImproperlyConfigured, match="Two subscriptions are named totals"
    ):
        by_name([one, made(version=2)])


NONE = handle  # a path that leads to something else
SOME = made()


def test_the_settings_name_subscriptions_by_their_paths(settings: Settings) -> None:
    settings.EVENTSTORE = {"SUBSCRIPTIONS": [f"{__name__}.SOME"]}
    assert configured() == {"totals": SOME}

    settings.EVENTSTORE = {"SUBSCRIPTIONS": [f"{__name__}.NONE"]}
    with pytest.raises(ImproperlyConfigured, match="NONE, which is no Subscription"):
        configured()
