"""An event of a page becomes JSON once; a second time only what was sealed and is opened now, or what is hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eventstore.api import showing
from eventstore.api.rendering import rendered
from eventstore.events import Expected, NewEvent
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.support.callers import a_caller

if TYPE_CHECKING:
    from eventstore.events import RecordedEvent


@pytest.mark.parametrize(
    ("scopes", "times"),
    [(["streams:read"], [1, 1, 1]), (["streams:read", "pii:read"], [2, 1, 1])],
)
def test_each_event_is_rendered_once(
    shop: str, monkeypatch: pytest.MonkeyPatch, scopes: list[str], times: list[int]
) -> None:
    placed = OrderPlaced(customer_id="ada", remark="at the door")
    events = [NewEvent(placed), *[NewEvent(OrderChanged(quantity=1))] * 2]
    get_event_store().append(f"{shop}.o-1", events, Expected.NO_STREAM)
    made = list[int]()

    def counted(event: RecordedEvent) -> bytes:
        made.append(event.metadata.version)
        return rendered(event)

    monkeypatch.setattr(showing, "rendered", counted)
    answer: Any = a_caller("reader", scopes=scopes).get(f"/streams/{shop}.o-1/events")

    assert [one["version"] for one in answer.json()["events"]] == [1, 2, 3]
    assert [made.count(version) for version in (1, 2, 3)] == times
    said = answer.json()["events"][0]["data"].get("remark")
    assert said == ("at the door" if "pii:read" in scopes else None)
