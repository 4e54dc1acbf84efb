"""What an append refuses: a problem with its code, never a 500, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from eventstore.api.throttles import ScopedByToken
from eventstore.store import get_event_store
from tests.integration.api.bodies import body, changed, placed
from tests.integration.api.problems import is_problem
from tests.support.callers import a_caller
from tests.support.clocks import StillClock

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.support.callers import Caller

KEY = "0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d"
_DEEP = b'{"expected_version":"any","events":[{"type":"OrderChanged","data":%s}]}'


def said(**changes: Any) -> dict[str, Any]:
    """A body of one event with something else about the event."""
    return body({**changed(), **changes})


BODIES: dict[str, tuple[Any, int, str]] = {
    "nothing": (b"", 400, "malformed-body"),
    "no JSON": (b"quantity=1", 400, "malformed-body"),
    "half of it": (b'{"expected_version":"any","events":[', 400, "malformed-body"),
    "two": (b"{}{}", 400, "malformed-body"),
    "no UTF-8": (b'{"events":"\xff"}', 400, "malformed-body"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "malformed-body"),
    "a name twice": (
        b'{"expected_version":1,"expected_version":2,"events":[]}',
        400,
        "malformed-body",
    ),
    "1e400": (_DEEP % b'{"quantity":1e400}', 400, "malformed-body"),
    "NaN": (_DEEP % b'{"quantity":NaN}', 400, "malformed-body"),
    "5,000 digits": (_DEEP % (b'{"quantity":%s}' % (b"9" * 5_000)), 400, "malformed-body"),
    "a NUL": (_DEEP % b'{"quantity":"\\u0000"}', 400, "malformed-body"),
    "a NUL in a name": (_DEEP % b'{"q\\u0000":1}', 400, "malformed-body"),
    "a lone surrogate": (_DEEP % b'{"quantity":"\\ud800"}', 400, "malformed-body"),
    "65 levels": (_DEEP % (b'{"quantity":%s}' % (b"[" * 61 + b"]" * 61)), 400, "malformed-body"),
    "a hundred thousand levels": (b"[" * 100_000, 400, "malformed-body"),
    "10 MB": (b" " * 10_000_000, 413, "body-too-large"),
    "2 MB and a byte": (b" " * 2_000_001, 413, "body-too-large"),
    "a list": (b"[]", 422, "invalid-body"),
    "null": (b"null", 422, "invalid-body"),
    "no events": ({"expected_version": "any"}, 422, "invalid-body"),
    "an unknown field": ({**body(), "unexpected": 1}, 422, "invalid-body"),
    "an unknown field of an event": (said(stream_id="x"), 422, "invalid-body"),
    "a number where text is due": (said(type=1), 422, "invalid-body"),
    "data that is a list": (said(data=[]), 422, "invalid-body"),
    "an event without data": (body({"type": "OrderChanged"}), 422, "invalid-body"),
    "an id that is no UUID": (said(event_id="1"), 422, "invalid-body"),
    "an id that is null": (said(correlation_id=None), 422, "invalid-body"),
    "a time without a zone": (said(occurred_at="2026-11-23T09:00:00"), 422, "invalid-body"),
    "a time that is none": (said(occurred_at="yesterday"), 422, "invalid-body"),
    "version -1": (body(expected=-1), 422, "invalid-body"),
    "version true": (body(expected=True), 422, "invalid-body"),
    "version 4.0": (body(expected=4.0), 422, "invalid-body"),
    "version null": (body(expected=None), 422, "invalid-body"),
    "version as text": (body(expected="4"), 422, "invalid-body"),
    "a version beyond 2^53": (body(expected=2**53 + 1), 400, "malformed-body"),
    "no expectation": ({"events": [changed()]}, 422, "invalid-body"),
    "an empty commit": ({"expected_version": 0, "events": []}, 422, "invalid-event"),
    "1,001 events": (body(*[changed()] * 1_001), 422, "invalid-event"),
    "an unknown type": (said(type="OrderEaten"), 422, "invalid-event"),
    "an unknown field of data": (said(data={"quantity": 1, "q": 1}), 422, "invalid-event"),
    "an ill-typed field of data": (said(data={"quantity": "1"}), 422, "invalid-event"),
    "an event id twice": (body(changed(event_id=KEY), changed(event_id=KEY)), 422, "invalid-event"),
    "a time before the year 1": (said(occurred_at="0001-01-01T00:00:00+01:00"), 422, "invalid-event"),
    "more than a record holds": (body(placed(remark="x" * 1_000_000)), 413, "commit-too-large"),
}  # fmt: skip


def nothing_was_written(stream_id: str) -> bool:
    return not list(get_event_store().read(stream_id))


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_right_is_refused(
    shop: str, caller: Caller, name: str
) -> None:
    sent, status, code = BODIES[name]

    answer = caller.post(f"/streams/{shop}.o-1/events", sent, Idempotency_Key=KEY)

    assert is_problem(answer, status, code)["commit_id"] == KEY
    assert nothing_was_written(f"{shop}.o-1")


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({**body(), "unexpected": 1}, "`unexpected`"),
        (said(stream_id="x"), "`stream_id` - at `$.events[0]`"),
        (said(type=1), "`$.events[0].type`"),
    ],
)
def test_a_refusal_names_the_field(
    shop: str, caller: Caller, sent: Any, named: str
) -> None:
    answer = caller.post(f"/streams/{shop}.o-1/events", sent)

    assert named in answer.json()["detail"]


def test_an_event_that_is_refused_is_named_by_its_index(
    shop: str, caller: Caller
) -> None:
    sent = body(changed(), {"type": "OrderEaten", "data": {}})

    answer = caller.post(f"/streams/{shop}.o-1/events", sent)

    assert is_problem(answer, 422, "invalid-event")["index"] == 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content_type": "text/plain"}, 415, "unsupported-media-type"),
        ({"content_type": "application/json; charset=latin-1"}, 415, "unsupported-media-type"),
        ({"content_type": "multipart/form-data; boundary=x"}, 415, "unsupported-media-type"),
        ({"Idempotency_Key": "mine"}, 422, "invalid-header"),
        ({"Idempotency_Key": KEY.replace("-", "")}, 422, "invalid-header"),
        ({"Idempotency_Key": f"{KEY}, {KEY}"}, 422, "invalid-header"),
        ({"If_Match": "4"}, 422, "invalid-header"),
        ({"If_Match": 'W/"4"'}, 422, "invalid-header"),
        ({"If_Match": '"4", "5"'}, 422, "invalid-header"),
        ({"If_Match": '"-1"'}, 422, "invalid-header"),
        ({"If_Match": '"04"'}, 422, "invalid-header"),
        ({"If_Match": '"4"'}, 422, "expectations-disagree"),
        ({"If_None_Match": "*"}, 400, "unsupported-header"),
        ({"Prefer": "return=minimal"}, 400, "unsupported-header"),
        ({"Accept": "text/html"}, 406, "not-acceptable"),
    ],
)  # fmt: skip
def test_a_header_that_is_not_right_is_refused(
    shop: str, caller: Caller, headers: dict[str, str], status: int, code: str
) -> None:
    answer = caller.post(f"/streams/{shop}.o-1/events", body(), **headers)

    is_problem(answer, status, code)
    assert nothing_was_written(f"{shop}.o-1")


def test_a_parameter_is_refused_by_its_name(shop: str, caller: Caller) -> None:
    answer = caller.post(f"/streams/{shop}.o-1/events?dry_run=1", body())

    assert is_problem(answer, 400, "unknown-parameter")["parameter"] == "dry_run"
    assert nothing_was_written(f"{shop}.o-1")


@pytest.mark.parametrize(
    ("stream", "status", "code"),
    [
        ("nodot", 422, "invalid-stream-id"),
        ("unregistered.1", 422, "invalid-stream-id"),
        ("order%00.1", 422, "invalid-stream-id"),
        ("%F0%9F%A7%B8", 422, "invalid-stream-id"),
        ("x" * 1_000, 422, "invalid-stream-id"),
        ("a/b", 404, "not-found"),
    ],
)
def test_an_id_that_can_be_none_is_refused(
    shop: str, caller: Caller, stream: str, status: int, code: str
) -> None:
    is_problem(caller.post(f"/streams/{stream}/events", body()), status, code)


def test_a_version_that_has_passed_is_told_with_the_one_that_is(
    any_shop: str, caller: Caller
) -> None:
    address = f"/streams/{any_shop}.o-1/events"
    caller.post(address, body(changed(), changed()))

    answer = caller.post(address, body(expected=1), Idempotency_Key=KEY)

    told = is_problem(answer, 409, "wrong-expected-version")
    assert (told["current_version"], told["expected"]) == (2, 1)
    assert told["commit_id"] == KEY
    assert "Retry-After" not in answer.headers


def test_an_event_id_that_is_taken_is_told(shop: str, caller: Caller) -> None:
    address = f"/streams/{shop}.o-1/events"
    caller.post(address, body(changed(event_id=KEY)))

    answer = caller.post(address, body(changed(event_id=KEY)))

    is_problem(answer, 409, "event-id-reused")


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (body(changed(), changed()), "number"),
        (body(placed()), "type"),
        (body(changed(2)), "data"),
        (body(changed(event_id=str(UUID(int=7)))), "event_id"),
    ],
)
def test_a_key_of_other_events_is_refused(
    any_shop: str, caller: Caller, other: Any, differs: str
) -> None:
    address, key = f"/streams/{any_shop}.o-1/events", str(uuid4())
    caller.post(address, body(), Idempotency_Key=key)

    answer = caller.post(address, other, Idempotency_Key=key)

    assert is_problem(answer, 422, "commit-id-reused")["differs"] == differs
    assert get_event_store().stream_info(f"{any_shop}.o-1").version == 1


def test_who_may_not_append_is_refused_before_anything_is_looked_at(shop: str) -> None:
    reader = a_caller("reader", scopes=["streams:read"])

    answer = reader.post(f"/streams/{shop}.o-1/events", b"no JSON")

    assert is_problem(answer, 403, "scope-missing")["scope"] == "streams:append"
    assert nothing_was_written(f"{shop}.o-1")


def test_writers_have_a_rate_of_their_own(
    shop: str, caller: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScopedByToken, "clock", StillClock())  # no day ends meanwhile
    rates = {"read": "1000/day", "append": "1/day", "export": "1/day"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": rates
    }
    address = f"/streams/{shop}.o-1/events"
    caller.post(address, body())

    late = caller.post(address, body())

    is_problem(late, 429, "too-many-requests")
    assert int(late.headers["Retry-After"]) > 0
    assert caller.get(address).status_code == 200
    assert get_event_store().stream_info(f"{shop}.o-1").version == 1
