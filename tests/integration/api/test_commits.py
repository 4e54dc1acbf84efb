"""`GET /commits/{commit_id}`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from eventstore.errors import WrongExpectedVersion
from eventstore.events import Cut, NewEvent
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.api.bodies import body, changed
from tests.integration.api.problems import is_problem
from tests.support.callers import a_caller, household

if TYPE_CHECKING:
    from tests.support.callers import Caller


def test_an_accepted_commit_is_told_as_its_append_was(
    any_shop: str, caller: Caller
) -> None:
    answer = caller.post(f"/streams/{any_shop}.o-1/events", body(changed(), changed()))
    accepted = answer.json()

    told = caller.get(answer.headers["Location"].removeprefix("/api/v1"))

    assert told.status_code == 200
    assert told.json() == {
        "commit_id": accepted.pop("commit_id"),
        "decided": [{"verdict": "accepted", **accepted}],
    }


def test_each_stream_that_used_the_id_has_its_verdict(
    shop: str, caller: Caller
) -> None:
    key = uuid4()
    for name in ("a", "b"):
        caller.post(f"/streams/{shop}.{name}/events", body(), Idempotency_Key=str(key))

    told = caller.get(f"/commits/{key}").json()["decided"]

    assert sorted(one["stream_id"] for one in told) == [f"{shop}.a", f"{shop}.b"]


def test_a_refusal_that_the_log_holds_is_told(shop: str, caller: Caller) -> None:
    key, stream = uuid4(), f"{shop}.o-1"
    with pytest.raises(WrongExpectedVersion):
        # what may still come true is for the log to refuse
        get_event_store().append(
            stream, [NewEvent(OrderChanged(quantity=1))], 7, commit_id=key
        )

    [told] = caller.get(f"/commits/{key}").json()["decided"]

    assert told["verdict"] == "wrong_expected_version"
    assert told["current_version"] == 0
    assert "positions" not in told


def test_what_is_not_in_the_log_is_told_with_how_far_it_was_read(
    any_shop: str, caller: Caller
) -> None:
    caller.post(f"/streams/{any_shop}.o-1/events", body())

    answer = caller.get(f"/commits/{uuid4()}")

    said = is_problem(answer, 404, "commit-not-in-log")
    assert sum(Cut.parse(said["up_to"]).offsets.values()) == 1


@pytest.mark.parametrize("text", ["1", "x" * 36, "%00", "0B6E8A3E-3f5c-4f0e-9a51"])
def test_what_is_no_uuid_is_refused(shop: str, caller: Caller, text: str) -> None:
    assert (
        is_problem(caller.get(f"/commits/{text}"), 422, "invalid-parameter")[
            "parameter"
        ]
        == "commit_id"
    )


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (["streams:append"], 200),
        (["streams:read"], 200),
        (["pii:read"], 403),
        ([], 403),
    ],
)
def test_who_reads_or_appends_may_ask(
    shop: str, caller: Caller, scopes: list[str], status: int
) -> None:
    answer = caller.post(f"/streams/{shop}.o-1/events", body())
    other = a_caller("other", scopes=scopes)

    assert other.get(f"/commits/{answer.json()['commit_id']}").status_code == status


def test_a_bound_token_is_told_of_its_own_streams_alone(
    shop: str, caller: Caller, parent: Caller
) -> None:
    key = uuid4()
    for name in ("own", "foreign"):
        caller.post(f"/streams/{shop}.{name}/events", body(), Idempotency_Key=str(key))
    foreign = caller.post(f"/streams/{shop}.foreign/events", body()).json()["commit_id"]
    household("mine").known |= {f"{shop}.own"}

    own = parent.get(f"/commits/{key}").json()["decided"]
    there, absent = parent.get(f"/commits/{foreign}"), parent.get(f"/commits/{uuid4()}")

    assert [one["stream_id"] for one in own] == [f"{shop}.own"]
    is_problem(there, 404, "commit-not-in-log")
    assert there.content == absent.content
    assert "up_to" not in there.json()


def test_a_bound_token_is_told_of_a_stream_that_it_has_just_begun(
    shop: str, parent: Caller
) -> None:
    key, theirs = uuid4(), uuid4()
    store = get_event_store()
    for customer, commit in (("mine", key), ("another", theirs)):
        event = NewEvent(OrderPlaced(customer_id=customer))
        found = store.append(f"{shop}.{customer}", [event], 0, commit_id=commit)
        household("mine").behind = household("mine").behind or found.recorded_at

    assert parent.get(f"/commits/{key}").status_code == 200
    is_problem(parent.get(f"/commits/{theirs}"), 404, "commit-not-in-log")


def test_what_the_read_model_has_heard_of_and_does_not_cover_is_foreign(
    shop: str, parent: Caller
) -> None:
    key, event = uuid4(), NewEvent(OrderPlaced(customer_id="mine"))
    get_event_store().append(f"{shop}.o-1", [event], 0, commit_id=key)
    own = household("mine")
    for own.behind in (None, datetime(2999, 1, 1, tzinfo=UTC)):
        is_problem(parent.get(f"/commits/{key}"), 404, "commit-not-in-log")
    assert own.asked


def test_of_anothers_commit_as_much_is_asked_as_of_none(
    shop: str, caller: Caller, parent: Caller
) -> None:
    answer = caller.post(f"/streams/{shop}.foreign/events", body())
    foreign = answer.json()["commit_id"]
    asked = []
    for key in (foreign, foreign, uuid4()):
        with CaptureQueriesContext(connection) as made:
            is_problem(parent.get(f"/commits/{key}"), 404, "commit-not-in-log")
        asked.append((len(made), len(household("mine").asked)))

    (_, first), (there, second), (absent, third) = asked
    assert there == absent
    assert second - first == third - second
