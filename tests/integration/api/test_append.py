"""`POST /streams/{stream_id}/events`: what is accepted, once, and told so."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from eventstore.events import written
from eventstore.store import get_event_store
from tests.integration.api.bodies import body, changed, placed

if TYPE_CHECKING:
    from tests.support.callers import Caller

ID = UUID("0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d")


def test_an_append_tells_where_it_stands(any_shop: str, caller: Caller) -> None:
    stream, key = f"{any_shop}.o-1", uuid4()
    proposed = body(placed(), changed(2), expected="no_stream")

    answer = caller.post(
        f"/streams/{stream}/events", proposed, Idempotency_Key=str(key)
    )

    events = list(get_event_store().read(stream))
    assert answer.status_code == 201
    assert answer.json() == {
        "commit_id": str(key),
        "stream_id": stream,
        "first_version": 1,
        "last_version": 2,
        "positions": [str(event.position) for event in events],
        "recorded_at": written(events[0].recorded_at),
    }
    assert [event.data for event in events] == [{"customer_id": "c-1"}, {"quantity": 2}]
    assert answer.headers["ETag"] == '"2"'
    assert answer.headers["Location"] == f"/api/v1/commits/{key}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Idempotent-Replayed" not in answer.headers


def test_a_repeat_has_the_first_answer_though_the_stream_has_moved_on(
    any_shop: str, caller: Caller
) -> None:
    address, key = f"/streams/{any_shop}.o-1/events", str(uuid4())
    first = caller.post(address, body(expected=0), Idempotency_Key=key)
    caller.post(address, body())

    again = caller.post(address, body(expected=0), Idempotency_Key=key)

    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert get_event_store().stream_info(f"{any_shop}.o-1").version == 2


def test_other_circumstances_have_the_first_answer(shop: str, caller: Caller) -> None:
    address, key = f"/streams/{shop}.o-1/events", str(uuid4())
    first = caller.post(address, body(), Idempotency_Key=key)
    later = changed(occurred_at="2026-11-23T09:00:00Z", correlation_id=str(ID))

    other = caller.post(address, body(later, expected=7), Idempotency_Key=key)

    assert (other.status_code, other.json()) == (201, first.json())


def test_a_commit_without_a_key_is_told_which_it_was_given(
    shop: str, caller: Caller
) -> None:
    answer = caller.post(f"/streams/{shop}.o-1/events", body())

    [event] = get_event_store().read(f"{shop}.o-1")
    assert answer.json()["commit_id"] == str(event.commit_id)


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [('"0"', None), ('"0"', 0), ("*", "stream_exists"), (None, "no_stream"), (None, 0)],
)
def test_what_is_expected_is_said_in_the_body_or_as_an_etag(
    shop: str, caller: Caller, if_match: str | None, expected: object
) -> None:
    stream = f"{shop}.o-1"
    if expected == "stream_exists":
        caller.post(f"/streams/{stream}/events", body())
    proposed = {"events": [changed()]}
    if expected is not None:
        proposed["expected_version"] = expected  # type: ignore[assignment]
    headers = {} if if_match is None else {"If_Match": if_match}

    answer = caller.post(f"/streams/{stream}/events", proposed, **headers)

    assert answer.status_code == 201, answer.json()


def test_an_etag_is_what_the_next_append_may_expect(shop: str, caller: Caller) -> None:
    address = f"/streams/{shop}.o-1/events"
    tag = caller.post(address, body(changed(), changed())).headers["ETag"]

    answer = caller.post(address, {"events": [changed()]}, If_Match=tag)
    late = caller.post(address, {"events": [changed()]}, If_Match=tag)

    assert answer.json()["first_version"] == 3
    assert late.status_code == 409
    assert late.json()["current_version"] == 3


def test_an_event_has_what_the_body_says_of_it(shop: str, caller: Caller) -> None:
    said = {
        "event_id": str(ID),
        "occurred_at": "2026-11-23T10:00:00+01:00",
        "correlation_id": "0b6e8a3e-3f5c-4f0e-9a51-000000000001",
        "causation_id": "0b6e8a3e-3f5c-4f0e-9a51-000000000002",
    }

    caller.post(f"/streams/{shop}.o-1/events", body(changed(1, **said)))

    [event] = get_event_store().read(f"{shop}.o-1")
    meta = event.metadata
    assert str(meta.event_id) == said["event_id"]
    assert written(meta.timestamp) == "2026-11-23T09:00:00.000000Z"
    assert str(meta.correlation_id) == said["correlation_id"]
    assert str(meta.causation_id) == said["causation_id"]


def test_an_event_that_says_nothing_belongs_to_the_request(
    shop: str, caller: Caller
) -> None:
    answer = caller.post(
        f"/streams/{shop}.o-1/events", body(), X_Correlation_ID=str(ID)
    )

    [event] = get_event_store().read(f"{shop}.o-1")
    assert event.metadata.correlation_id == ID
    assert answer.headers["X-Correlation-ID"] == str(ID)
