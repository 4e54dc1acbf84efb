"""A stream that may be seen can hold events about somebody else, of which the reach has not heard yet: whatever is shown is without them.

The model that judges is one line: of the events in a covered stream, those that name nobody or the token's own.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from eventstore.api.subjects import named_in
from eventstore.events import NewEvent
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.api.problems import is_problem
from tests.support.callers import household
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.callers import Caller

SECRET, OWN = "of the other one", "of its own"
EVENTS = {
    "mine": OrderPlaced(customer_id="mine", remark=OWN),
    "foreign": OrderPlaced(customer_id="foreign", remark=SECRET),
    "nobody": OrderChanged(quantity=1),
}
PATTERNS = list(product(EVENTS, repeat=3))


def filled(stream: str, pattern: Sequence[str]) -> None:
    """A commit for each; the token may see the stream."""
    for who in pattern:
        get_event_store().append(stream, [NewEvent(EVENTS[who])], "any")
    household("mine").known |= {stream}


def expected(pattern: Sequence[str]) -> list[int]:
    """By the model: the versions that are shown."""
    return [n for n, who in enumerate(pattern, 1) if who != "foreign"]


def walked(caller: Caller, address: str) -> tuple[list[dict[str, Any]], str]:
    """Events of all pages, and all that was sent."""
    answer = caller.get(address)
    events, text = answer.json()["events"], answer.text
    while (cursor := answer.json()["next"]) is not None:
        answer = caller.get(f"{address}&after={cursor}")
        events, text = events + answer.json()["events"], text + answer.text
    return events, text


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@pytest.mark.parametrize("direction", ["forwards", "backwards"])
def test_pages_of_a_stream_have_each_event_once_but_for_others(
    shop: str, parent: Caller, limit: int, direction: str
) -> None:
    for n, pattern in enumerate(PATTERNS):
        stream = f"{shop}.o-{n}"
        filled(stream, pattern)

        events, text = walked(
            parent, f"/streams/{stream}/events?limit={limit}&direction={direction}"
        )

        versions = [event["version"] for event in events]
        assert sorted(versions) == expected(pattern)
        assert versions == sorted(versions, reverse=direction == "backwards")
        assert SECRET not in text
        assert "foreign" not in text
        assert text.count(OWN) == pattern.count("mine")
    assert {one for said in Recorder.said for one in said["subjects"]} <= {"mine"}


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_pages_of_all_events_have_each_once_but_for_others(
    shop: str, parent: Caller, limit: int
) -> None:
    patterns = PATTERNS[::3]
    for n, pattern in enumerate(patterns):
        filled(f"{shop}.o-{n}", pattern)

    events, text = walked(parent, f"/events?limit={limit}")

    assert sorted((event["stream_id"], event["version"]) for event in events) == sorted(
        (f"{shop}.o-{n}", version)
        for n, pattern in enumerate(patterns)
        for version in expected(pattern)
    )
    assert SECRET not in text
    assert "foreign" not in text


def test_who_sees_all_sees_them(shop: str, parent: Caller, caller: Caller) -> None:
    stream = f"{shop}.o-1"
    filled(stream, ["mine", "foreign"])

    assert SECRET in caller.get(f"/streams/{stream}/events").text
    assert SECRET in caller.get("/events").text
    assert caller.get(f"/streams/{stream}/state").json()["version"] == 2


def test_a_commit_of_several_is_shown_in_part(shop: str, parent: Caller) -> None:
    stream, key = f"{shop}.o-1", uuid4()
    get_event_store().append(
        stream, [NewEvent(event) for event in EVENTS.values()], 0, commit_id=key
    )
    household("mine").known |= {stream}

    events, text = walked(parent, f"/streams/{stream}/events?limit=10")

    assert [event["version"] for event in events] == [1, 3]
    assert SECRET not in text
    is_problem(parent.get(f"/commits/{key}"), 404, "commit-not-in-log")


@pytest.mark.parametrize("who", EVENTS)
def test_a_commit_is_told_unless_it_is_about_another(
    shop: str, parent: Caller, who: str
) -> None:
    stream, key = f"{shop}.o-1", uuid4()
    get_event_store().append(stream, [NewEvent(EVENTS[who])], 0, commit_id=key)
    household("mine").known |= {stream}

    answer, absent = parent.get(f"/commits/{key}"), parent.get(f"/commits/{uuid4()}")

    assert (answer.status_code == 200) == (who != "foreign")
    assert (answer.content == absent.content) == (who == "foreign")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_state_is_told_up_to_where_it_is_of_nobody_else(
    shop: str, parent: Caller, pattern: Sequence[str]
) -> None:
    stream = f"{shop}.o-1"
    filled(stream, pattern)
    first = pattern.index("foreign") + 1 if "foreign" in pattern else None
    times = [e.recorded_at for e in get_event_store().read(stream)]

    def asked(query: str) -> Any:
        return parent.get(f"/streams/{stream}/state{query}")

    for version, at in enumerate(times, 1):
        later = times.count(at) > 1  # then the time is of more than one event
        tried = [asked(f"?version={version}")]
        tried += (
            [] if later else [asked("?as_of=" + at.isoformat().replace("+", "%2B"))]
        )
        for answer in tried:
            if first is not None and version >= first:
                is_problem(answer, 404, "not-found")
            else:
                assert answer.json()["version"] == version
    now = asked("")
    assert now.status_code == (200 if first is None else 404)
    assert "foreign" not in now.text
    code = "version-not-found" if first is None else None
    missing = asked("?version=4")
    assert missing.status_code == 404
    assert code is None or missing.json()["code"] == code


def test_what_nobody_can_read_is_about_whom_its_stream_names(shop: str) -> None:
    """An event of a type that is not known here may be about anybody: only whose very stream it is may see it."""
    own, other = f"{shop}.mine", f"{shop}.o-1"

    assert named_in(own, "NotKnownHere", {}) == "mine"
    assert named_in(other, "NotKnownHere", {"customer_id": "mine"}) == "o-1"
    assert named_in(other, "OrderPlaced", {"customer_id": "mine"}) == "mine"
    assert named_in(other, "OrderPlaced", {}) == "o-1"
    assert named_in("elsewhere.e-1", "OrderChanged", {}) == "e-1"
    assert named_in(other, "OrderChanged", {}) is None
