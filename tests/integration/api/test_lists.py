"""`GET /streams` and `GET /events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.api.lists import EventsView
from eventstore.events import NewEvent, written
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.api.problems import is_problem
from tests.support.callers import a_caller, household

if TYPE_CHECKING:
    from tests.support.callers import Caller

REMARK = "leave it at the door"
STORY = UUID(int=0x16)


def filled(shop: str) -> list[str]:
    """Four streams of two customers, in the order in which they began."""
    store = get_event_store()
    streams = [f"{shop}.{name}" for name in ("a", "b", "c", "d")]
    for n, stream in enumerate(streams):
        placed = OrderPlaced(customer_id=f"c-{n % 2}", remark=REMARK)
        store.append(stream, [NewEvent(placed, correlation_id=STORY)], 0)
    for stream in streams[:2]:
        pair = [NewEvent(OrderChanged(quantity=n)) for n in (1, 2)]
        store.append(stream, pair, "any")
    return streams


def all_pages(caller: Caller, address: str, name: str) -> list[dict[str, Any]]:
    """Page by page to the end."""
    answer = caller.get(address).json()
    rows: list[dict[str, Any]] = answer[name]
    joint = "&" if "?" in address else "?"
    while answer["next"] is not None:
        assert len(rows) < 50
        answer = caller.get(f"{address}{joint}after={answer['next']}").json()
        rows += answer[name]
    return rows


def places(rows: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row["stream_id"], row["version"]) for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("who", ["caller", "parent"])
def test_streams_are_listed_newest_first(
    shop: str, caller: Caller, parent: Caller, limit: int, who: str
) -> None:
    streams = filled(shop)
    household("mine").known |= set(streams[1:])
    household("mine").family |= {"c-0", "c-1"}
    asking, own = (caller, streams) if who == "caller" else (parent, streams[1:])
    infos = [get_event_store().stream_info(stream) for stream in own]
    infos.sort(key=lambda info: (info.first_recorded_at, info.stream_id), reverse=True)

    rows = all_pages(asking, f"/streams?limit={limit}&type={shop}", "streams")

    assert rows == [
        {
            "stream_id": info.stream_id,
            "version": info.version,
            "first_recorded_at": written(info.first_recorded_at),
            "last_recorded_at": written(info.last_recorded_at),
        }
        for info in infos
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("who", ["caller", "parent"])
def test_events_are_listed_newest_first_with_their_data(
    shop: str, caller: Caller, parent: Caller, limit: int, who: str
) -> None:
    streams = filled(shop)
    household("mine").known |= set(streams[1:])
    household("mine").family |= {"c-0", "c-1"}
    asking, own = (caller, streams) if who == "caller" else (parent, streams[1:])
    store = get_event_store()
    events = [event for stream in own for event in store.read(stream)]
    events.sort(key=lambda one: (one.recorded_at, one.position), reverse=True)

    rows = all_pages(asking, f"/events?limit={limit}", "events")

    assert [row["event_id"] for row in rows] == [
        str(one.metadata.event_id) for one in events
    ]
    assert {row["data"].get("remark") for row in rows} == {REMARK, None}
    by_stream = caller.get(f"/streams/{streams[1]}/events").json()["events"]
    assert [row for row in rows if row["stream_id"] == streams[1]] == by_stream[::-1]


def test_events_are_found_by_what_they_have_in_common(
    any_shop: str, caller: Caller
) -> None:
    streams = filled(any_shop)
    [first, *_] = get_event_store().read(streams[0])
    cause = first.metadata.event_id
    caused = NewEvent(OrderChanged(quantity=9), causation_id=cause)
    last = get_event_store().append(streams[3], [caused], "any")
    since = written(last.recorded_at)
    for asked, found in (
        ("type=OrderPlaced", {(stream, 1) for stream in streams}),
        ("type=OrderEaten", set()),
        (
            f"correlation_id={STORY}&type=OrderPlaced",
            {(stream, 1) for stream in streams},
        ),
        (f"causation_id={cause}", {(streams[3], 2)}),
        ("recorded_from=2999-01-01T00:00:00Z", set()),
        ("recorded_to=2001-01-01T00:00:00Z", set()),
    ):
        assert set(places(all_pages(caller, f"/events?{asked}", "events"))) == found, (
            asked
        )
    recent = places(all_pages(caller, f"/events?recorded_from={since}", "events"))
    earlier = places(all_pages(caller, f"/events?recorded_to={since}", "events"))
    assert (streams[3], 2) in recent
    assert len(recent) + len(earlier) == 9


def test_a_page_of_events_ends_early_where_they_are_large(
    shop: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(shop)
    whole = all_pages(caller, "/events", "events")
    monkeypatch.setattr(EventsView, "page_bytes", 1)

    assert len(caller.get("/events").json()["events"]) <= 2  # of one commit
    assert all_pages(caller, "/events", "events") == whole


def test_a_link_leads_to_the_next_page(shop: str, caller: Caller) -> None:
    filled(shop)
    answer = caller.get("/streams?limit=3")

    link, _, rel = answer.headers["Link"].partition(">; ")

    assert rel == 'rel="next"'
    after = caller.get(link.removeprefix("</api/v1"))
    assert len(after.json()["streams"]) == 1
    assert "Link" not in after.headers


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/streams?type=eaten", 422, "invalid-parameter"),
        ("/streams?type=", 422, "invalid-parameter"),
        ("/streams?stream_id=x", 400, "unknown-parameter"),
        ("/streams?limit=0", 422, "invalid-parameter"),
        ("/streams?" + "limit=1&" * 1_001, 400, "unknown-parameter"),  # more than Django reads
        ("/streams?after=abc", 400, "bad-cursor"),
        ("/events?type=no-type", 422, "invalid-parameter"),
        ("/events?type=%00", 422, "invalid-parameter"),
        ("/events?correlation_id=1", 422, "invalid-parameter"),
        ("/events?causation_id=null", 422, "invalid-parameter"),
        ("/events?recorded_from=2026-01-01", 422, "invalid-parameter"),
        ("/events?recorded_from=2026-01-02T00:00:00Z&recorded_to=2026-01-01T00:00:00Z", 422, "invalid-parameter"),
        ("/events?recorded_from=0001-01-01T00:00:00%2B10:00", 422, "invalid-parameter"),
        ("/events?event_type=OrderPlaced", 400, "unknown-parameter"),
        ("/events?after=abc", 400, "bad-cursor"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_of_a_list_is_refused(
    shop: str, caller: Caller, address: str, status: int, code: str
) -> None:
    filled(shop)

    is_problem(caller.get(address), status, code)


def test_a_lists_cursor_is_of_its_filters_and_its_account(
    shop: str, caller: Caller, parent: Caller
) -> None:
    streams = filled(shop)
    household("mine").known |= set(streams)
    other = a_caller("other", bound_to="other")
    household("other").known |= set(streams)
    for name, filtered in (("streams", f"type={shop}"), ("events", "type=OrderPlaced")):
        cursor = parent.get(f"/{name}?limit=1").json()["next"]
        assert parent.get(f"/{name}?limit=2&after={cursor}").status_code == 200
        for who, asked in (
            (parent, f"/{name}?{filtered}&after={cursor}"),
            (caller, f"/{name}?after={cursor}"),
            (other, f"/{name}?after={cursor}"),
        ):
            is_problem(who.get(asked), 400, "bad-cursor")


def test_what_a_bound_token_is_shown_hangs_on_its_own_streams_alone(
    shop: str, parent: Caller
) -> None:
    streams = filled(shop)
    household("mine").known |= {streams[1]}
    before = [
        parent.get(address).content
        for address in ("/streams?limit=1", "/events?limit=1", "/events?limit=3")
    ]
    for n in range(20):
        get_event_store().append(
            f"{shop}.x-{n}", [NewEvent(OrderChanged(quantity=n))], 0
        )

    after = [
        parent.get(address).content
        for address in ("/streams?limit=1", "/events?limit=1", "/events?limit=3")
    ]

    assert after == before


def test_who_may_see_nothing_is_shown_nothing(shop: str, parent: Caller) -> None:
    filled(shop)

    assert parent.get("/streams").json() == {"streams": [], "next": None}
    assert parent.get("/events").json() == {"events": [], "next": None}


@pytest.mark.parametrize("address", ["/streams", "/events"])
def test_a_list_takes_few_queries(
    shop: str, caller: Caller, parent: Caller, address: str
) -> None:
    streams = filled(shop)
    household("mine").known |= set(streams)
    for who in (caller, parent):
        assert who.get(address).status_code == 200
        with CaptureQueriesContext(connection) as made:
            assert who.get(address).status_code == 200

        assert len(made) <= 4
