"""Server-sent events: a message a commit, its id the cursor behind it; ended by time, by the process's end, by the token's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from eventstore.api.feed import process
from eventstore.api.feed.sse import Pace
from eventstore.api.feed.view import FeedView
from eventstore.api.models import ServiceAccount
from eventstore.errors import KeyStoreUnavailable
from tests.integration.feed.test_feed_pages import talk
from tests.support.callers import FEED, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore
    from tests.support.callers import Caller

SSE = "text/event-stream"


def stream(caller: Caller, query: str = "", **headers: str) -> Any:
    """The answer; its messages come as they are asked for."""
    return caller.get(FEED + query, accept=SSE, **headers)


def commits(answer: Any) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The id of each commit, and its events."""
    for message in messages(answer.streaming_content):
        if message.get("event") == "commit":
            events = json.loads(message["data"])["events"]
            yield message["id"], [(e["stream_id"], e["version"]) for e in events]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends at once behind what there is."""
    monkeypatch.setattr(FeedView, "pace", Pace(0.05, 0.05, 7))


def test_it_says_how_to_come_again_then_each_commit_under_its_cursor(
    living: EventStore, caller: Caller, short: None
) -> None:
    talk(living, 2)

    answer = stream(caller, "?types=conversation")
    found = list(messages(answer.streaming_content))

    assert answer["Content-Type"] == SSE
    assert found[0] == {"retry": "7"}
    assert [one["event"] for one in found[1:3]] == ["commit", "commit"]
    answer.close()
    assert process.followers().waiting == 0


@pytest.mark.parametrize("seen", [0, 1, 2])
def test_who_comes_again_with_the_last_id_goes_on_behind_it(
    living: EventStore, caller: Caller, short: None, seen: int
) -> None:
    talk(living, 3)
    first = commits(stream(caller, "?types=conversation"))
    last_id = [next(first)[0] for _ in range(seen + 1)][-1]

    again = stream(caller, "?types=conversation&after=now", last_event_id=last_id)

    versions = [v for _, events in commits(again) for _, v in events]
    assert versions == [2, 3][seen:]


def test_what_comes_later_comes_and_the_processs_end_ends_it(
    living: EventStore, caller: Caller
) -> None:
    answer = stream(caller, "?types=conversation&after=now")
    coming = commits(answer)
    talk(living, 1)

    _, events = next(coming)
    process.end()

    assert events == [("conversation.c-1", 1)]
    assert list(coming) == []
    answer.close()


def test_a_token_that_was_ended_ends_it_before_anything_more_is_shown(
    living: EventStore, caller: Caller
) -> None:
    answer = stream(caller, "?types=conversation&after=now")
    coming = messages(answer.streaming_content)
    next(coming)
    ServiceAccount.objects.update(bound_to=None, scopes=["streams:append"])
    talk(living, 1)

    said = [one for one in coming if one.get("event")]

    assert [one["event"] for one in said] == ["problem"]
    assert json.loads(said[0]["data"])["code"] == "not-authenticated"
    answer.close()


class Shut:
    """An opener whose key store is down."""

    def prepare(self, keys: object) -> None:
        """See `Opener`."""
        msg = "down"
        raise KeyStoreUnavailable(msg)


def test_keys_that_are_not_there_are_a_problem_before_the_first_byte_and_a_message_behind_it(
    living: EventStore, opening: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = stream(opening, "?types=conversation&after=now")
    coming = messages(answer.streaming_content)
    next(coming)
    monkeypatch.setattr(FeedView, "opener", lambda _self: Shut())
    talk(living, 1)

    [said] = [one for one in coming if one.get("event")]
    refused = stream(opening, "?types=conversation")

    assert json.loads(said["data"])["code"] == "key-store-unavailable"
    assert refused.status_code == 503
    assert json.loads(refused.content)["code"] == "key-store-unavailable"
    answer.close()
    assert process.followers().waiting == 0


def test_a_comment_says_that_it_is_still_there(
    living: EventStore, caller: Caller, short: None
) -> None:
    chunks = list(stream(caller, "?after=now").streaming_content)

    assert chunks[1:]
    assert all(chunk.startswith(b":") for chunk in chunks[1:])


@pytest.mark.parametrize("name", ["limit", "wait"])
def test_what_only_pages_have_is_refused(
    living: EventStore, caller: Caller, name: str
) -> None:
    answer = stream(caller, f"?{name}=1")

    assert answer.status_code == 422
    assert json.loads(answer.content)["parameter"] == name
