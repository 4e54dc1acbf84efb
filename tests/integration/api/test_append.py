"""`POST /streams/{stream_id}/events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from eventstore.store import get_event_store

if TYPE_CHECKING:
    from tests.support.callers import Caller


def placed(customer: str = "c-1", **more: Any) -> dict[str, Any]:
    return {"type": "OrderPlaced", "data": {"customer_id": customer}, **more}


def changed(quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "OrderChanged", "data": {"quantity": quantity}, **more}


def body(*events: dict[str, Any], expected: Any = "any") -> dict[str, Any]:
    return {"expected_version": expected, "events": list(events) or [placed()]}


def test_an_append_tells_where_it_stands(shop: str, caller: Caller) -> None:
    key = uuid4()

    answer = caller.post(f"/streams/{shop}.o-1/events", body(placed(), changed(2), expected="no_stream"), Idempotency_Key=str(key))

    said = answer.json()
    assert answer.status_code == 201, said
    events = list(get_event_store().read(f"{shop}.o-1"))
    assert said == {
        "commit_id": str(key),
        "stream_id": f"{shop}.o-1",
        "first_version": 1,
        "last_version": 2,
        "positions": [str(event.position) for event in events],
        "recorded_at": events[0].recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    assert answer.headers["ETag"] == '"2"'
    assert answer.headers["Location"] == f"/api/v1/commits/{key}"
    assert "Idempotent-Replayed" not in answer.headers
    again = caller.get(f"/streams/{shop}.o-1/events")
    print(again.content)
    print(caller.get(f"/streams/{shop}.o-1").content)
    print(caller.get(f"/streams/{shop}.o-1/state").content)
    print(caller.get(f"/commits/{key}").content)
