"""Pages of the feed: each event once, in the order of its stream, whatever the limit, and behind a record of who looks."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from eventstore.api.feed import process
from eventstore.api.models import ServiceAccount
from eventstore.events import Expected, NewEvent
from teddy_es.domain.child import ChildRegistered
from teddy_es.domain.conversation import ChildSpoke
from tests.acceptance.launched import becomes_true
from tests.support.callers import FEED
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from eventstore.store import EventStore
    from tests.support.callers import Caller

SAID = "Zyzzyva-7141"


def talk(store: EventStore, count: int = 3, stream: str = "conversation.c-1") -> None:
    """Commits of one event each."""
    for _ in range(count):
        spoke = ChildSpoke(child_id="child-1", text=SAID)
        store.append(stream, [NewEvent(spoke)], Expected.ANY)


def all_of(caller: Caller, query: str) -> list[dict[str, Any]]:
    """Page after page."""
    found: list[dict[str, Any]] = []
    page = caller.feed(query)
    while page["events"]:
        found += page["events"]
        page = caller.feed(f"{query}&after={page['next']}")
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_page_after_page_is_each_event_once(
    living: EventStore, caller: Caller, limit: int
) -> None:
    talk(living)
    talk(living, 2, "conversation.c-2")

    found = all_of(caller, f"?types=conversation&limit={limit}")

    seen = sorted((event["stream_id"], event["version"]) for event in found)
    assert seen == [
        *(("conversation.c-1", n) for n in (1, 2, 3)),
        *(("conversation.c-2", n) for n in (1, 2)),
    ]


def test_without_the_right_to_open_it_says_that_it_is_sealed(
    living: EventStore, caller: Caller
) -> None:
    talk(living, 1)

    answer = caller.get(f"{FEED}?types=conversation")

    [event] = json.loads(answer.content)["events"]
    assert event["withheld"] == {"reason": "sealed"}
    assert SAID.encode() not in answer.content


def test_with_it_the_same_page_is_opened(living: EventStore, opening: Caller) -> None:
    talk(living, 1)

    [event] = opening.feed("?types=conversation")["events"]

    assert event["data"] == {"child_id": "child-1", "text": SAID}
    assert "withheld" not in event


def test_who_looks_is_recorded_before_anything_is_shown(
    living: EventStore, caller: Caller
) -> None:
    talk(living)

    caller.feed("?types=conversation")

    [said] = Recorder.said
    assert said["subjects"] == ["child-1"]
    assert (said["actor"], said["actor_kind"]) == ("service", "service")


def test_an_empty_page_is_no_look(living: EventStore, caller: Caller) -> None:
    caller.feed()

    assert Recorder.said == []


def test_the_link_leads_to_the_next_page(living: EventStore, caller: Caller) -> None:
    talk(living, 2)
    answer = caller.get(f"{FEED}?types=conversation&limit=1")

    address = answer["Link"].partition(">")[0].removeprefix("<")
    [event] = json.loads(caller.get(address).content)["events"]

    assert event["version"] == 2


def test_now_begins_behind_what_there_is(living: EventStore, caller: Caller) -> None:
    talk(living, 2)
    page = caller.feed("?after=now")
    assert page["events"] == []
    talk(living, 1)

    [event] = caller.feed(f"?after={page['next']}")["events"]

    assert event["version"] == 3


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?after=abc", 400, "bad-cursor"),
        ("?after=%C3%A4", 400, "bad-cursor"),
        ("?limit=0", 422, "invalid-parameter"),
        ("?limit=1001", 422, "invalid-parameter"),
        ("?wait=31", 422, "invalid-parameter"),
        ("?types=bear", 422, "invalid-parameter"),
        ("?types=", 422, "invalid-parameter"),
        ("?type=child", 400, "unknown-parameter"),
    ],
)
def test_what_it_does_not_know_is_refused_by_name(
    living: EventStore, caller: Caller, query: str, status: int, code: str
) -> None:
    answer = caller.get(FEED + query)

    assert answer.status_code == status
    assert json.loads(answer.content)["code"] == code


def test_a_cursor_is_good_for_its_types_only(
    living: EventStore, caller: Caller
) -> None:
    after = caller.feed("?types=child")["next"]

    assert caller.get(f"{FEED}?after={after}").status_code == 400
    changed = after[:-3] + ("A" if after[-3] != "A" else "B") + after[-2:]
    assert caller.get(f"{FEED}?types=child&after={changed}").status_code == 400


# ---- long polling


def polled(caller: Caller, query: str) -> dict[str, Any]:
    """In a thread of its own, as a server has it."""
    try:
        return caller.feed(query)
    finally:
        connections.close_all()


def test_who_waits_gets_what_comes(living: EventStore, caller: Caller) -> None:
    after = caller.feed("?after=now&types=conversation")["next"]
    query = f"?types=conversation&wait=30&after={after}"

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(polled, caller, query)
        assert becomes_true(lambda: process.followers().waiting == 1)
        talk(living, 1, "conversation.c-9")
        page = waiting.result(60)

    assert [event["stream_id"] for event in page["events"]] == ["conversation.c-9"]
    assert process.followers().waiting == 0


def test_who_waits_while_the_token_is_ended_is_shown_nothing(
    living: EventStore, caller: Caller
) -> None:
    query = f"?types=conversation&wait=30&after={caller.feed('?after=now&types=conversation')['next']}"

    def refused() -> Any:
        try:
            return caller.get(FEED + query)
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(refused)
        assert becomes_true(lambda: process.followers().waiting == 1)
        ServiceAccount.objects.update(scopes=["streams:append"])
        talk(living, 1)
        answer = waiting.result(60)

    assert answer.status_code == 401
    assert Recorder.said == []


def test_as_many_wait_as_there_are_places(
    living: EventStore, caller: Caller, settings: Any
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "FOLLOWERS": 0}

    answer = caller.get(f"{FEED}?wait=1")

    assert answer.status_code == 503
    assert json.loads(answer.content)["code"] == "too-many-followers"
    assert int(answer["Retry-After"]) > 0
    assert caller.feed("?wait=0")["events"] == []


def test_where_it_cannot_be_recorded_nothing_is_shown(
    living: EventStore, caller: Caller, settings: Any
) -> None:
    talk(living, 1)
    broken = "tests.support.recorders.BrokenRecorder"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": broken}

    answer = caller.get(FEED)

    assert answer.status_code == 503
    assert json.loads(answer.content)["code"] == "access-not-recorded"


def test_a_stream_that_is_new_is_in_the_feed_of_all(
    living: EventStore, caller: Caller
) -> None:
    born = ChildRegistered(parent_id="parent-1", name="Mia")
    living.append("child.child-7", [NewEvent(born)], Expected.NO_STREAM)

    found = caller.feed("?types=child,conversation")["events"]

    assert [event["stream_id"] for event in found] == ["child.child-7"]
