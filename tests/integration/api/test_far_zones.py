"""A time in a zone that no country has is a time all the same: PostgreSQL takes no more than 16 hours, Python up to 24."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from tests.support.callers import Caller

ZONES = ("-23:11", "+23:59", "-16:00", "+15:59", "+00:00:30", "Z")


@pytest.mark.parametrize("zone", ZONES)
def test_a_list_is_bounded_by_a_time_of_any_zone(
    caller: Caller, shop: str, zone: str
) -> None:
    event = {"type": "OrderPlaced", "data": {"customer_id": "customer-1"}}
    body = {"expected_version": "no_stream", "events": [event]}
    caller.post(f"/streams/{shop}.o-1/events", body)
    since, to = quote(f"2026-11-30T17:11:48{zone}"), quote(f"2252-09-21T15:26:36{zone}")

    answer = caller.get(f"/events?recorded_from={since}&recorded_to={to}")

    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("zone", ZONES)
def test_a_state_is_asked_for_at_a_time_of_any_zone(
    caller: Caller, shop: str, zone: str
) -> None:
    event = {"type": "OrderPlaced", "data": {"customer_id": "customer-1"}}
    body = {"expected_version": "no_stream", "events": [event]}
    appended = caller.post(f"/streams/{shop}.o-1/events", body)

    answer = caller.get(
        f"/streams/{shop}.o-1/state?as_of={quote(f'2020-01-01T00:00:00{zone}')}"
    )

    assert appended.status_code == 201
    assert answer.status_code == 404  # it was not there yet
