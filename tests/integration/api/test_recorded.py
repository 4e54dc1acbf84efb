"""Whoever is shown something of a person is recorded before; who cannot be recorded is shown nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from eventstore.errors import (
    AccessNotRecorded,
    AppendOutcomeUnknown,
    KeyStoreUnavailable,
    LogMisconfigured,
    LogUnavailable,
)
from eventstore.events import NewEvent
from eventstore.store import get_event_store
from eventstore.testing.memory_keys import keys_of_this_process
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.api.bodies import body
from tests.integration.api.problems import is_problem
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.support.callers import Caller

REMARK = "leave it at the door"
STREAM = "{shop}.o-1"
COMMIT = "0b6e8a3e-3f5c-4f0e-9a51-6d1f2c3b4a5d"

SHOWS = {
    "/streams/{stream}": ("view", "{stream}"),
    "/streams/{stream}/events": ("view", "{stream}"),
    "/streams/{stream}/state": ("view", "{stream}"),
    "/streams": ("list", "streams"),
    "/events": ("list", "events"),
    f"/commits/{COMMIT}": ("view", f"commit:{COMMIT}"),
}


@pytest.fixture
def stream(shop: str) -> str:
    """An order of somebody's, with something sealed in it; of the order's type alone, for a test forgets that person."""
    placed = NewEvent(OrderPlaced(customer_id=f"ada-{shop}", remark=REMARK))
    changed = NewEvent(OrderChanged(quantity=1))
    get_event_store().append(
        f"{shop}.o-1", [placed, changed], 0, commit_id=UUID(COMMIT)
    )
    return f"{shop}.o-1"


@pytest.mark.parametrize("call", SHOWS)
def test_who_is_shown_something_is_recorded_with_purpose_and_persons(
    shop: str, stream: str, caller: Caller, call: str
) -> None:
    kind, about = SHOWS[call]

    answer = caller.get(call.format(stream=stream))

    assert answer.status_code == 200
    [said] = Recorder.said
    assert said["kind"] == kind
    assert said["object"] == about.format(stream=stream)
    assert said["actor"] == "backend"
    assert said["actor_kind"] == "service"
    assert said["purpose"] == "parent_request"
    assert said["subjects"] == [f"ada-{shop}"]


@pytest.mark.parametrize("call", SHOWS)
def test_it_is_recorded_before_anything_is_opened(
    shop: str, stream: str, caller: Caller, call: str
) -> None:
    opened = []
    ring = keys_of_this_process()

    def meanwhile() -> None:
        ring.erase(f"ada-{shop}")
        opened.append("recorded")

    Recorder.meanwhile.append(meanwhile)

    answer = caller.get(call.format(stream=stream))

    assert opened == ["recorded"]
    assert REMARK not in answer.text
    assert "backend" not in answer.text


@pytest.mark.parametrize("call", SHOWS)
def test_who_cannot_be_recorded_is_shown_nothing(
    stream: str, caller: Caller, call: str, settings: Settings
) -> None:
    broken = "tests.support.recorders.BrokenRecorder"
    settings.EVENTSTORE = {**settings.EVENTSTORE, "ACCESS_RECORDER": broken}

    answer = caller.get(call.format(stream=stream))

    is_problem(answer, 503, "access-not-recorded")
    for shown in ("ada-", "recorded_at", "OrderPlaced", "what-nobody-may-find", REMARK):
        assert shown not in answer.text
    assert "ETag" not in answer.headers


@pytest.mark.parametrize(
    ("cause", "again"),
    [
        (LogUnavailable("the log is away"), "1"),
        (AppendOutcomeUnknown(COMMIT, "access.backend"), "1"),
        (KeyStoreUnavailable(), "1"),
        (LogMisconfigured("eventstore.access", "it is missing", "Make it."), None),
        (AccessNotRecorded("the purpose is none"), None),
        (OSError("what-nobody-may-find"), None),
    ],
    ids=lambda one: type(one).__name__,
)
def test_who_cannot_be_recorded_is_told_to_ask_again_if_it_passes(
    stream: str, caller: Caller, cause: Exception, again: str | None
) -> None:
    def meanwhile() -> None:
        raise cause

    Recorder.meanwhile.append(meanwhile)

    answer = caller.get(f"/streams/{stream}/events")

    is_problem(answer, 503, "access-not-recorded")
    assert answer.headers.get("Retry-After") == again


def test_who_has_the_version_already_is_recorded_too(
    stream: str, caller: Caller
) -> None:
    assert caller.get(f"/streams/{stream}", If_None_Match='"2"').status_code == 304
    assert len(Recorder.said) == 1


@pytest.mark.parametrize(
    "call",
    [
        "/streams/{stream}x",
        "/streams/{stream}x/events",
        "/streams/{stream}x/state",
        "/events?type=No",
    ],
)
def test_nothing_is_recorded_where_nothing_is_shown(
    stream: str, caller: Caller, call: str
) -> None:
    caller.get(call.format(stream=stream))

    assert not Recorder.said


def test_an_append_is_no_look(stream: str, caller: Caller) -> None:
    assert caller.post(f"/streams/{stream}/events", body()).status_code == 201
    assert not Recorder.said
