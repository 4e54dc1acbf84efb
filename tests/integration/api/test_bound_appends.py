"""What a token that is bound to somebody may append, and what it is told of what is not its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.api.stream_events import StreamEvents
from eventstore.events import NewEvent
from eventstore.store import get_event_store
from eventstore.testing.shop import OrderChanged, OrderPlaced
from tests.integration.api.bodies import body, changed, placed
from tests.integration.api.problems import is_problem
from tests.support.callers import household

if TYPE_CHECKING:
    from tests.support.callers import Caller

KEY = str(UUID(int=0x15))


@pytest.fixture
def foreign(shop: str) -> str:
    """Somebody else's stream, whose first commit has the key."""
    event = NewEvent(OrderPlaced(customer_id="another"))
    get_event_store().append(f"{shop}.foreign", [event], 0)
    return f"{shop}.foreign"


def test_it_begins_streams_and_goes_on_with_them(shop: str, parent: Caller) -> None:
    stream = f"{shop}.own"

    begun = parent.post(
        f"/streams/{stream}/events", body(placed("mine"), expected="no_stream")
    )
    household("mine").known.add(stream)
    gone_on = parent.post(f"/streams/{stream}/events", body(expected=1))

    assert (begun.status_code, gone_on.status_code) == (201, 201)


def test_a_repeat_is_answered_before_the_read_model_knows_the_stream(
    shop: str, parent: Caller
) -> None:
    address, begins = (
        f"/streams/{shop}.own/events",
        body(placed("mine"), expected="no_stream"),
    )
    first = parent.post(address, begins, Idempotency_Key=KEY)
    household("mine").behind = datetime.fromisoformat(first.json()["recorded_at"])

    again = parent.post(address, begins, Idempotency_Key=KEY)
    late = parent.post(address, begins)

    assert again.json() == first.json()
    assert is_problem(late, 409, "wrong-expected-version")["current_version"] == 1


def test_what_it_has_begun_it_goes_on_with_before_the_read_model_knows_the_stream(
    shop: str, parent: Caller
) -> None:
    address = f"/streams/{shop}.own/events"
    begun = parent.post(address, body(placed("mine"), expected="no_stream"))
    household("mine").behind = datetime.fromisoformat(begun.json()["recorded_at"])

    gone_on = [parent.post(address, body(expected=version)) for version in (1, 2)]
    astray = parent.post(
        address, body(placed("another"), expected=3), Idempotency_Key=KEY
    )

    assert [one.status_code for one in gone_on] == [201, 201]
    assert is_problem(astray, 403, "not-allowed")["reason"] == "names-another"
    household("mine").known.add(f"{shop}.own")
    known = parent.post(
        address, body(placed("another"), expected=3), Idempotency_Key=KEY
    )
    assert known.content == astray.content  # it is its own: no word changes
    assert get_event_store().stream_info(f"{shop}.own").version == 3


def test_nobody_goes_on_with_what_another_has_begun_a_moment_ago(
    shop: str, foreign: str, parent: Caller
) -> None:
    household("mine").behind = datetime(2001, 1, 1, tzinfo=UTC)
    for sent in (body(), body(expected=1), body(placed("mine"), expected=1)):
        there = parent.post(f"/streams/{foreign}/events", sent)
        absent = parent.post(f"/streams/{shop}.absent/events", sent)

        is_problem(there, 404, "not-found")
        assert there.content == absent.content
    assert get_event_store().stream_info(foreign).version == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "OrderEaten", "data": {"customer_id": "mine"}},
        {"type": "OrderPlaced", "data": {"customer": "mine"}},
        {"type": "OrderPlaced", "data": {"customer_id": 1}},
    ],
)
def test_an_event_that_is_none_is_refused_as_such_and_not_as_what_is_not_there(
    shop: str, foreign: str, parent: Caller, wrong: dict[str, Any]
) -> None:
    begins = body(placed("mine"), wrong, expected="no_stream")
    for events in ([wrong], [placed("another"), wrong]):
        there, absent = (
            parent.post(
                f"/streams/{stream}/events",
                body(*events, expected="no_stream"),
                Idempotency_Key=KEY,
            )
            for stream in (foreign, f"{shop}.absent")
        )

        told = is_problem(absent, 422, "invalid-event")
        assert told["index"] == len(events) - 1
        assert there.content == absent.content
    is_problem(parent.post(f"/streams/{shop}.own/events", begins), 422, "invalid-event")


def test_what_is_anothers_answers_as_what_is_not_there(
    shop: str, foreign: str, parent: Caller
) -> None:
    for sent in (
        body(),
        body(expected="any"),
        body(expected="stream_exists"),
        body(expected=1),
        body(placed("mine"), expected=1),
        body(placed("another"), expected="no_stream"),
        body(placed("mine"), placed("another"), expected="no_stream"),
    ):
        there = parent.post(f"/streams/{foreign}/events", sent)
        absent = parent.post(f"/streams/{shop}.absent/events", sent)

        is_problem(there, 404, "not-found")
        assert there.content == absent.content
    assert get_event_store().stream_info(foreign).version == 1


def test_who_would_begin_what_another_has_begun_is_not_told_of_it(
    foreign: str, parent: Caller
) -> None:
    begins = body(placed("mine"), expected="no_stream")
    for household("mine").behind in (None, datetime(2001, 1, 1, tzinfo=UTC)):
        answer = parent.post(f"/streams/{foreign}/events", begins)

        is_problem(answer, 404, "not-found")


@pytest.mark.parametrize("same", [False, True], ids=["another commit", "the same"])
def test_who_begins_what_another_begins_meanwhile_is_not_told_of_it(
    shop: str, parent: Caller, monkeypatch: pytest.MonkeyPatch, *, same: bool
) -> None:
    """It was not there when it was asked whose it is; the log decides, and its word is told to nobody else."""
    stream, asked = f"{shop}.o-1", StreamEvents._refuse_taken
    theirs = NewEvent(OrderPlaced(customer_id="mine"), event_id=UUID(int=1))
    commit_id = UUID(KEY) if same else None

    def meanwhile(call: StreamEvents, stream_id: str, proposal: Any) -> None:
        asked(call, stream_id, proposal)
        get_event_store().append(stream_id, [theirs], 0, commit_id=commit_id)

    monkeypatch.setattr(StreamEvents, "_refuse_taken", meanwhile)
    begins = body(placed("mine") | {"event_id": str(UUID(int=1))}, expected="no_stream")
    answer = parent.post(f"/streams/{stream}/events", begins, Idempotency_Key=KEY)

    is_problem(answer, 404, "not-found")
    assert "Idempotent-Replayed" not in answer.headers
    assert get_event_store().stream_info(stream).version == 1


def test_anothers_commit_is_not_given_to_who_knows_its_id(
    shop: str, caller: Caller, parent: Caller
) -> None:
    address, begins = (
        f"/streams/{shop}.x/events",
        body(placed("another"), expected="no_stream"),
    )
    caller.post(address, begins, Idempotency_Key=KEY)
    household("mine").behind = datetime(2001, 1, 1, tzinfo=UTC)

    for sent in (placed("mine"), placed("another")):
        again = parent.post(
            address, body(sent, expected="no_stream"), Idempotency_Key=KEY
        )
        is_problem(again, 404, "not-found")


def test_what_it_may_not_say_in_its_own_stream_is_refused_with_the_reason(
    shop: str, parent: Caller
) -> None:
    stream = f"{shop}.own"
    get_event_store().append(stream, [NewEvent(OrderChanged(quantity=1))], 0)
    household("mine").known.add(stream)

    answer = parent.post(
        f"/streams/{stream}/events", body(placed("another")), Idempotency_Key=KEY
    )

    told = is_problem(answer, 403, "not-allowed")
    assert (told["reason"], told["commit_id"]) == ("names-another", KEY)
    assert get_event_store().stream_info(stream).version == 1


@pytest.mark.parametrize("call", ["", "/events", "/state"])
def test_reads_of_anothers_stream_answer_as_of_none(
    shop: str, foreign: str, parent: Caller, call: str
) -> None:
    there = parent.get(f"/streams/{foreign}{call}")
    absent = parent.get(f"/streams/{shop}.absent{call}")
    impossible = parent.get(f"/streams/no%00id{call}")

    is_problem(there, 404, "not-found")
    assert there.content == absent.content == impossible.content


def test_an_id_that_can_be_none_is_not_told_apart(shop: str, parent: Caller) -> None:
    for stream in ("nodot", "a%00.b", "unregistered.1"):
        answer = parent.post(f"/streams/{stream}/events", body(changed()))

        is_problem(answer, 404, "not-found")
