"""The calls about streams with the project's own domain, keys and ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.integration.api.problems import is_problem
from tests.support.callers import a_caller

if TYPE_CHECKING:
    from eventstore.store import EventStore
    from tests.support.callers import Caller

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

KEY = str(UUID(int=0x15))
LONG = "c" * 100
NAME = "Ada Lovelace"


@pytest.fixture
def backend(teddy_store: EventStore) -> Caller:
    """Has registered a child, and spoken with it in a conversation of the longest name."""
    caller = a_caller()
    registered = {"type": "ChildRegistered", "data": {"parent_id": "p-1", "name": NAME}}
    started = {"type": "ConversationStarted", "data": {"child_id": "c-1"}}
    for stream, event, headers in (
        ("child.c-1", registered, {"Idempotency_Key": KEY}),
        (f"conversation.{LONG}", started, {}),
    ):
        body = {"expected_version": "no_stream", "events": [event]}
        answer = caller.post(f"/streams/{stream}/events", body, **headers)
        assert answer.status_code == 201, answer.json()
    return caller


def ledger(store: EventStore) -> list[Any]:
    """What was recorded of who looked."""
    return [event.data for event in store.read("access.backend")]


@pytest.mark.parametrize(
    "call",
    [
        "/streams/child.c-1",
        "/streams/child.c-1/events",
        "/streams/child.c-1/state",
        f"/streams/conversation.{LONG}",
        f"/streams/conversation.{LONG}/events",
        f"/streams/conversation.{LONG}/state",
        "/streams?type=child",
        "/events?type=ChildRegistered",
        "/events?type=ConversationStarted",
        f"/commits/{KEY}",
    ],
)
def test_each_call_answers_and_names_the_child_in_the_ledger(
    teddy_store: EventStore, backend: Caller, call: str
) -> None:
    answer = backend.get(call)

    assert answer.status_code == 200, answer.json()
    [said] = ledger(teddy_store)
    assert said["subjects"] == ["c-1"]
    assert (said["actor_kind"], said["purpose"]) == ("service", "parent_request")


def test_a_name_is_opened_for_who_may_see_it(backend: Caller) -> None:
    reader = a_caller("reader", scopes=["streams:read"])

    opened = backend.get("/streams/child.c-1/events").json()["events"][0]
    closed = reader.get("/streams/child.c-1/events").json()["events"][0]

    assert opened["data"] == {"parent_id": "p-1", "name": NAME}
    assert closed["data"] == {"parent_id": "p-1"}
    assert closed["withheld"] == {"reason": "sealed"}


def test_to_read_the_ledger_is_not_recorded_in_it(
    teddy_store: EventStore, backend: Caller
) -> None:
    backend.get("/streams/child.c-1")
    before = ledger(teddy_store)

    for call in ("", "/events"):
        assert backend.get(f"/streams/access.backend{call}").status_code == 200
    assert backend.get("/events?type=DataAccessed").status_code == 200
    assert backend.get("/streams?type=access").status_code == 200

    assert ledger(teddy_store) == before


@pytest.mark.parametrize("stream", ["access.backend", "privacy.c-1", "approval.a-1"])
def test_the_stores_own_words_are_nobodys_to_say(backend: Caller, stream: str) -> None:
    body = {"expected_version": "any", "events": [{"type": "HoldLifted", "data": {}}]}

    is_problem(backend.post(f"/streams/{stream}/events", body), 403, "not-allowed")
