"""`GET /streams/{stream_id}`, its events and its state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.api.parameters import LONGEST
from eventstore.api.stream_events import StreamEvents
from eventstore.conf import aggregates
from eventstore.events import NewEvent, written
from eventstore.service import get_service
from eventstore.store import get_event_store
from eventstore.testing.memory_keys import keys_of_this_process
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.api.problems import is_problem
from tests.support.callers import a_caller, household

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.support.callers import Caller

REMARK = "leave it at the door"


def filled(shop: str, *, customer: str = "c-1", changes: int = 6) -> str:
    """A stream of one sealed event and some changes, two a commit."""
    stream = f"{shop}.o-{customer}"
    store = get_event_store()
    store.append(
        stream, [NewEvent(OrderPlaced(customer_id=customer, remark=REMARK))], 0
    )
    for first in range(1, changes + 1, 2):
        pair = [NewEvent(OrderChanged(quantity=n)) for n in (first, first + 1)]
        store.append(stream, pair, "any")
    return stream


def versions(answer: Any) -> list[int]:
    return [event["version"] for event in answer.json()["events"]]


# ---- the head


def test_a_head_tells_version_count_times_and_snapshot(
    any_shop: str, caller: Caller
) -> None:
    stream = filled(any_shop)

    answer = caller.get(f"/streams/{stream}")

    info = get_event_store().stream_info(stream)
    assert answer.json() == {
        "stream_id": stream,
        "version": 7,
        "events": 7,
        "first_recorded_at": written(info.first_recorded_at),
        "last_recorded_at": written(info.last_recorded_at),
        "snapshot": None,
    }
    assert answer.headers["ETag"] == '"7"'


def test_a_head_tells_of_the_newest_snapshot(shop: str, caller: Caller) -> None:
    stream = filled(shop)
    kind = _order()
    made = get_service().create_snapshot(kind, "o-c-1", version=4)

    told = caller.get(f"/streams/{stream}").json()["snapshot"]

    assert told == {"version": 4, "recorded_at": written(made.recorded_at)}


def test_a_snapshot_that_nobody_here_has_signed_is_none(
    shop: str, caller: Caller
) -> None:
    stream = filled(shop)
    get_service().create_snapshot(_order(), "o-c-1", version=4)
    with connection.cursor() as db:
        db.execute("UPDATE eventstore_snapshot SET mac = 'forged'")

    assert caller.get(f"/streams/{stream}").json()["snapshot"] is None


def _order() -> Any:
    [kind] = aggregates().values()
    return kind


@pytest.mark.parametrize(
    ("tags", "status"),
    [('"7"', 304), ('W/"7"', 304), ('"1", "7"', 304), ("*", 304), ('"6"', 200)],
)
def test_who_has_the_version_is_told_so(
    shop: str, caller: Caller, tags: str, status: int
) -> None:
    answer = caller.get(f"/streams/{filled(shop)}", If_None_Match=tags)

    assert answer.status_code == status
    assert answer.headers["ETag"] == '"7"'
    assert bool(answer.content) == (status == 200)


@pytest.mark.parametrize("call", ["", "/events", "/state"])
@pytest.mark.parametrize(
    "stream", ["{shop}.none", "nodot", "unregistered.1", "{shop}.%00", "x" * 999]
)
def test_what_is_not_there_is_not_found(
    shop: str, caller: Caller, call: str, stream: str
) -> None:
    answer = caller.get(f"/streams/{stream.format(shop=shop)}{call}")

    is_problem(answer, 404, "not-found")


# ---- events


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("direction", ["forwards", "backwards"])
def test_page_by_page_all_events_are_shown_once(
    shop: str, caller: Caller, limit: int, direction: str
) -> None:
    address = f"/streams/{filled(shop)}/events?limit={limit}&direction={direction}"
    answer = caller.get(address)
    shown, pages = versions(answer), 1
    while (cursor := answer.json()["next"]) is not None:
        assert pages <= 7
        answer = caller.get(f"{address}&after={cursor}")
        shown, pages = shown + versions(answer), pages + 1

    assert shown == (
        list(range(1, 8)) if direction == "forwards" else list(range(7, 0, -1))
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("from_version=3", [3, 4, 5, 6, 7]),
        ("to_version=2", [1, 2]),
        ("from_version=3&to_version=3", [3]),
        ("from_version=2&to_version=4&direction=backwards", [4, 3, 2]),
        ("from_version=8", []),
        ("to_version=99&direction=backwards&limit=2", [7, 6]),
    ],
)
def test_a_part_of_a_stream_is_shown(
    any_shop: str, caller: Caller, asked: str, expected: list[int]
) -> None:
    assert (
        versions(caller.get(f"/streams/{filled(any_shop)}/events?{asked}")) == expected
    )


def test_links_lead_to_the_pages_beside_a_page(shop: str, caller: Caller) -> None:
    address = f"/streams/{filled(shop)}/events?limit=3&from_version=2"
    first = caller.get(address)
    [(onwards, _)] = re.findall(r'<(.*?)>; rel="(\w+)"', first.headers["Link"])

    middle = caller.get(onwards.removeprefix("/api/v1"))

    assert versions(middle) == [5, 6, 7]
    [(back, rel)] = re.findall(r'<(.*?)>; rel="(\w+)"', middle.headers["Link"])
    assert rel == "previous"
    assert caller.get(back.removeprefix("/api/v1")).json() == first.json()


def test_a_page_ends_early_where_its_events_are_large(
    shop: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/streams/{filled(shop)}/events"
    monkeypatch.setattr(StreamEvents, "page_bytes", 1)
    answer = caller.get(address)
    shown = versions(answer)
    while (cursor := answer.json()["next"]) is not None:
        answer = caller.get(f"{address}?after={cursor}")
        assert len(versions(answer)) == 1
        shown += versions(answer)

    assert shown == list(range(1, 8))


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("from=1", 400, "unknown-parameter"),
        ("type=OrderPlaced", 400, "unknown-parameter"),
        ("limit=0", 422, "invalid-parameter"),
        ("limit=1001", 422, "invalid-parameter"),
        ("limit=1&limit=2", 422, "invalid-parameter"),
        ("from_version=0", 422, "invalid-parameter"),
        ("from_version=-1", 422, "invalid-parameter"),
        ("from_version=true", 422, "invalid-parameter"),
        ("from_version=1e3", 422, "invalid-parameter"),
        ("from_version=2147483648", 422, "invalid-parameter"),
        ("from_version=3&to_version=2", 422, "invalid-parameter"),
        ("direction=up", 422, "invalid-parameter"),
        ("after=", 400, "bad-cursor"),
        ("after=%00", 422, "invalid-parameter"),
        ("after=3", 400, "bad-cursor"),
        ("after=" + "x" * (LONGEST + 1), 422, "invalid-parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    shop: str, caller: Caller, asked: str, status: int, code: str
) -> None:
    is_problem(caller.get(f"/streams/{filled(shop)}/events?{asked}"), status, code)


def test_a_cursor_is_of_one_list_its_filters_and_its_account(
    shop: str, caller: Caller
) -> None:
    own, other = filled(shop), filled(shop, customer="c-2")
    household("mine").known |= {own}
    bound = a_caller("bound", bound_to="mine")
    cursor = caller.get(f"/streams/{own}/events?limit=1").json()["next"]

    assert (
        caller.get(f"/streams/{own}/events?limit=5&after={cursor}").status_code == 200
    )
    for who, address in (
        (caller, f"/streams/{other}/events?after={cursor}"),
        (caller, f"/streams/{own}/events?direction=backwards&after={cursor}"),
        (caller, f"/streams/{own}/events?after={cursor}x"),
        (caller, f"/streams/{own}/events?after=3{cursor[1:]}"),
        (caller, f"/events?after={cursor}"),
        (caller, f"/streams?after={cursor}"),
        (bound, f"/streams/{own}/events?after={cursor}"),
    ):
        is_problem(who.get(address), 400, "bad-cursor")


def test_what_is_sealed_is_opened_for_who_may_see_it(
    any_shop: str, caller: Caller
) -> None:
    reader = a_caller("reader", scopes=["streams:read"])
    address = f"/streams/{filled(any_shop)}/events?limit=1"

    opened = caller.get(address).json()["events"][0]
    closed = reader.get(address)

    assert opened["data"] == {"customer_id": "c-1", "remark": REMARK}
    assert "withheld" not in opened
    assert closed.json()["events"][0]["data"] == {"customer_id": "c-1"}
    assert closed.json()["events"][0]["withheld"] == {"reason": "sealed"}
    assert REMARK not in closed.text


def test_what_was_erased_says_so(shop: str, caller: Caller) -> None:
    stream = filled(shop, customer=f"gone-{shop}")
    keys_of_this_process().erase(f"gone-{shop}", request="r-1")

    event = caller.get(f"/streams/{stream}/events?limit=1").json()["events"][0]

    assert event["withheld"]["reason"] == "erased"
    assert event["withheld"]["request"] == "r-1"


def test_a_page_of_a_hundred_takes_few_queries(shop: str, caller: Caller) -> None:
    stream = filled(shop, changes=120)
    household("mine").known |= {stream}
    household("mine").family |= {"c-1"}
    bound = a_caller("bound", bound_to="mine")
    address = f"/streams/{stream}/events?limit=100"
    for who in (caller, bound):
        assert who.get(address).status_code == 200  # what a process asks once is asked
        with CaptureQueriesContext(connection) as made:
            assert len(versions(who.get(address))) == 100

        assert len(made) <= 4, [
            query["sql"] for query in made
        ]  # and up to two of the reach: 6


# ---- the state


def test_a_state_is_now_or_as_it_was(any_shop: str, caller: Caller) -> None:
    stream = filled(any_shop)
    [third] = get_event_store().read(stream, 3, 3)
    for asked, version in (
        ("", 7),
        ("?version=4", 4),
        (f"?as_of={written(third.recorded_at)}", None),
    ):
        told = caller.get(f"/streams/{stream}/state{asked}").json()

        if version is not None:
            assert told["version"] == version
        assert told["stream_id"] == stream
        assert told["state"]["changes"] == told["version"] - 1
        assert told.get("as_of") == (
            written(third.recorded_at) if version is None else None
        )
        assert told["version"] >= 3


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("version=8", 404, "version-not-found"),
        ("version=0", 422, "invalid-parameter"),
        ("as_of=2999-01-01T00:00:00Z", 422, "future-instant"),
        ("as_of=2026-01-01T00:00:00", 422, "invalid-parameter"),
        ("as_of=yesterday", 422, "invalid-parameter"),
        ("as_of=9999-12-31T23:59:59-23:00", 422, "invalid-parameter"),
        ("as_of=0001-01-01T00:00:00%2B23:00", 422, "invalid-parameter"),
        ("as_of=2001-01-01T00:00:00Z", 404, "not-found"),
        ("as_of=2001-01-01T00:00:00Z&version=1", 422, "invalid-parameter"),
        ("at=3", 400, "unknown-parameter"),
    ],
)
def test_a_state_that_cannot_be_told_is_refused(
    shop: str, caller: Caller, asked: str, status: int, code: str
) -> None:
    answer = caller.get(f"/streams/{filled(shop)}/state?{asked}")

    said = is_problem(answer, status, code)
    assert said.get("current_version") == (7 if code == "version-not-found" else None)


def test_streams_without_an_aggregate_have_no_state(
    shop: str, caller: Caller, settings: Settings
) -> None:
    stream = filled(shop)
    settings.EVENTSTORE = {**settings.EVENTSTORE, "AGGREGATES": []}

    is_problem(caller.get(f"/streams/{stream}/state"), 404, "no-state")
    assert caller.get(f"/streams/{stream}").json()["snapshot"] is None


@pytest.mark.parametrize("scope", ["pii:read", "streams:append"])
def test_a_state_shows_what_was_withheld_as_such(
    shop: str, settings: Settings, scope: str
) -> None:
    stream = filled(shop)
    name = f"tests.shops.ReadingOrder_{shop}"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "AGGREGATES": [name]}
    reader = a_caller("reader", scopes=["streams:read", scope])

    said = reader.get(f"/streams/{stream}/state").json()["state"]["said"]

    withheld = [{"withheld": {"reason": "sealed"}}]
    assert said == ([REMARK] if scope == "pii:read" else withheld)


@pytest.mark.parametrize("call", ["", "/events", "/state"])
def test_head_answers_as_get_without_the_body(
    shop: str, caller: Caller, call: str
) -> None:
    address = f"/streams/{filled(shop)}{call}"
    token = {"Authorization": f"Token {caller.token}"}

    head = caller.client.head(f"/api/v1{address}", headers=token)

    got = caller.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.get("ETag") == got.headers.get("ETag")
