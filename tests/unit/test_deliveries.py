"""From rows of the mirror to what a handler is handed: which events, at which places, and whether for the first time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.events import pack
from eventstore.subscriptions import Subscription
from eventstore.subscriptions.delivery import Delivery, deliveries
from eventstore.testing.shop import OrderChanged, OrderPlaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_django.fixtures import Settings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
STREAM = "order_told.a"


@pytest.fixture(autouse=True)
def _a_shop(settings: Settings) -> None:
    settings.EVENTSTORE = {"REGISTRY": "tests.shops.order_told"}


def event(n: int, type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "event_id": str(UUID(int=n)),
        "type": type_,
        "schema": 1,
        "occurred_at": "2026-11-23T09:00:00Z",
        "correlation_id": str(UUID(int=100 + n)),
        "causation_id": None,
        "data": data,
    }


PLACED = event(1, "OrderPlaced", {"customer_id": "c"})
CHANGED = event(2, "OrderChanged", {"quantity": 1})
UNKNOWN = event(3, "OrderBurnt", {})


def row(offset: int, *events: dict[str, Any], first: int = 1) -> tuple[Any, ...]:
    """A commit of these, at an offset of partition 2."""
    value = {"v": 1, "commit_id": str(UUID(int=9)), "stream_id": STREAM}
    value |= {"expected": "any", "events": [*events]}
    packed = pack(1, 2, offset)
    return packed, NOW, first, json.dumps(value).encode(), len(events)


def delivered(
    rows: Sequence[tuple[Any, ...]], *, live_from: int = 0, **given: Any
) -> list[Delivery]:
    handlers = {} if "raw_handler" in given else {"handler": print}
    made = Subscription(**{"name": "totals", **handlers, **given})
    first = pack(1, 2, live_from)
    return [*deliveries(rows, made, first_time_from=first)]


RAW = {"raw_handler": print}


@pytest.mark.parametrize("given", [{}, RAW], ids=["read", "raw"])
def test_each_event_of_a_commit_has_its_own_place_and_version(
    given: dict[str, Any],
) -> None:
    found = delivered([row(5, PLACED, CHANGED), row(6, CHANGED, first=3)], **given)

    assert [one.position for one in found] == [
        pack(1, 2, 5),
        pack(1, 2, 5) + 1,
        pack(1, 2, 6),
    ]
    assert [one.version for one in found] == [1, 2, 3]
    assert [one.event_type for one in found][:2] == ["OrderPlaced", "OrderChanged"]
    assert {one.stream_id for one in found} == {STREAM}
    assert [one.event_id for one in found][:2] == [UUID(int=1), UUID(int=2)]
    assert found[1].correlation_id == UUID(int=102)
    assert found[0].recorded_at == NOW


def test_what_is_handed_over_says_where_it_stands() -> None:
    _, handed = (one.handed for one in delivered([row(5, PLACED, CHANGED, first=4)]))

    assert handed.event == OrderChanged(quantity=1)
    assert (handed.stream_id, handed.version) == (STREAM, 5)
    assert str(handed.position) == "eventstore.order_told/2/5/1"
    assert handed.recorded_at == NOW


def test_from_an_offset_on_things_happen_for_the_first_time() -> None:
    rows = [row(n, CHANGED, first=n) for n in (4, 5, 6)]

    found = delivered(rows, live_from=5)

    assert [one.handed.live for one in found] == [False, True, True]


@pytest.mark.parametrize(
    ("given", "versions"),
    [
        ({}, [1, 2, 3]),
        ({"types": [OrderPlaced]}, [1]),
        ({"types": [OrderChanged]}, [2]),
        ({"streams": ["order_told"]}, [1, 2, 3]),
        ({"streams": ["order_other"]}, []),
        ({"streams": ["order_told"], **RAW}, [1, 2, 3]),
        ({"streams": ["order_other"], **RAW}, []),
    ],
    ids=str,
)
def test_only_what_is_wanted_is_handed_over(
    given: dict[str, Any], versions: list[int]
) -> None:
    found = delivered([row(5, PLACED, CHANGED, UNKNOWN)], **given)

    assert [one.version for one in found] == versions


def test_what_the_registry_cannot_read_says_why() -> None:
    known, unknown = delivered([row(5, PLACED, UNKNOWN)])

    assert (known.problem, unknown.problem) == (None, "unknown_type")
