"""Appends while something beneath the store is away: what is told, what was written, and how a client finds out."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

import msgspec
import pytest
from django.http import UnreadablePostError

from eventstore.api.bodies import StrictJson
from eventstore.api.problems import MalformedBody
from eventstore.store import get_event_store
from eventstore.testing.faulty_log import ANSWER_LOST, PROPOSAL_LOST
from tests.integration.api.bodies import body, changed, placed
from tests.integration.api.problems import is_problem
from tests.plugins.kafka_logs import until
from tests.support.beneath import Beneath
from tests.support.clocks import Hourglass

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

    from tests.support.callers import Caller


def test_a_log_that_is_away_takes_nothing_and_reads_go_on(
    shaky: str, caller: Caller
) -> None:
    stream, key = f"/streams/{shaky}.o-1", str(uuid4())
    caller.post(f"{stream}/events", body())
    Beneath.network.silent = True

    answer = caller.post(f"{stream}/events", body(), Idempotency_Key=key)

    assert is_problem(answer, 503, "log-unavailable")["commit_id"] == key
    assert answer.headers["Retry-After"] == "1"
    assert caller.get(stream).json()["version"] == 1
    assert len(caller.get(f"{stream}/events").json()["events"]) == 1
    assert caller.get(f"{stream}/state").json()["version"] == 1
    assert len(caller.get("/events").json()["events"]) == 1
    assert len(caller.get("/streams").json()["streams"]) == 1
    Beneath.network.be_good()
    assert (
        caller.post(f"{stream}/events", body(), Idempotency_Key=key).status_code == 201
    )


def test_what_asks_the_log_itself_has_to_come_again(shaky: str, caller: Caller) -> None:
    key = str(uuid4())
    caller.post(f"/streams/{shaky}.o-1/events", body(), Idempotency_Key=key)
    Beneath.network.silent = True

    answer = caller.get(f"/commits/{key}")

    is_problem(answer, 503, "log-unanswered")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("key", [str(uuid4()), None], ids=["given", "made"])
def test_a_lost_answer_is_told_with_the_way_to_find_out(
    hurried: str, caller: Caller, key: str | None
) -> None:
    address, hourglass = f"/streams/{hurried}.o-1/events", Beneath.network
    assert isinstance(hourglass, Hourglass)
    headers = {} if key is None else {"Idempotency_Key": key}
    hourglass.at_random(1.0, seed=1, faults=[PROPOSAL_LOST])
    hourglass.time_is_up_after(1)

    answer = caller.post(address, body(), **headers)

    told = is_problem(answer, 503, "outcome-unknown")
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Location"] == f"/api/v1/commits/{told['commit_id']}"
    assert key in {None, told["commit_id"]}
    hourglass.be_good()
    hourglass.clock.spent = 0.0
    again = caller.post(address, body(), Idempotency_Key=told["commit_id"])
    assert again.status_code == 201
    found = caller.get(f"/commits/{told['commit_id']}").json()
    assert [one["verdict"] for one in found["decided"]] == ["accepted"]


def test_a_lost_answer_that_is_found_in_time_is_no_trouble(
    shaky: str, caller: Caller
) -> None:
    Beneath.network.then(ANSWER_LOST)

    answer = caller.post(f"/streams/{shaky}.o-1/events", body())

    assert answer.status_code == 201
    assert get_event_store().stream_info(f"{shaky}.o-1").version == 1


def test_keys_that_are_away_hold_up_what_must_be_sealed_or_opened_alone(
    shaky: str, caller: Caller
) -> None:
    stream = f"/streams/{shaky}.o-1"
    caller.post(f"{stream}/events", body(placed(remark="hello")))
    Beneath.keys_are_away = True

    sealed = caller.post(f"{stream}/events", body(placed(remark="hello")))
    plain = caller.post(f"{stream}/events", body(changed()))
    opened = caller.get(f"{stream}/events")

    is_problem(sealed, 503, "key-store-unavailable")
    assert sealed.headers["Retry-After"] == "1"
    assert plain.status_code == 201
    is_problem(opened, 503, "key-store-unavailable")
    assert caller.get(f"{stream}/events?from_version=2").status_code == 200
    assert caller.get(stream).json()["version"] == 2


def test_who_is_gone_meanwhile_has_appended_all_the_same(
    shaky: str, caller: Caller, live_server: LiveServer
) -> None:
    stream, key = f"{shaky}.o-1", str(uuid4())
    with Beneath.network.held_before_writing() as gate:
        with _connected(live_server) as client:
            client.sendall(_request(stream, caller, key))
            gate.wait_until_reached()

        assert caller.get(f"/streams/{stream}").status_code == 404
    until(lambda: caller.get(f"/commits/{key}").status_code == 200)

    [found] = caller.get(f"/commits/{key}").json()["decided"]
    assert (found["verdict"], found["first_version"]) == ("accepted", 1)
    again = caller.post(f"/streams/{stream}/events", body(), Idempotency_Key=key)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_who_stops_before_all_is_sent_has_appended_nothing(
    shop: str, caller: Caller, live_server: LiveServer
) -> None:
    stream, key = f"{shop}.o-1", str(uuid4())
    with _connected(live_server) as client:
        client.sendall(_request(stream, caller, key)[:-1])
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"malformed-body" in answer
    assert not list(get_event_store().read(stream))


def test_a_connection_that_breaks_while_it_sends_is_no_fault_of_ours() -> None:
    class Broken:
        META: ClassVar = {"CONTENT_LENGTH": "10"}

        def read(self, _size: int) -> bytes:
            raise UnreadablePostError

    with pytest.raises(MalformedBody):
        StrictJson().parse(Broken(), "application/json", {"request": Broken()})  # type: ignore[arg-type]


def _connected(server: LiveServer) -> socket.socket:
    return socket.create_connection((server.thread.host, server.thread.port))


def _request(stream_id: str, caller: Caller, key: str) -> bytes:
    sent = msgspec.json.encode(body())
    head = (
        f"POST /api/v1/streams/{stream_id}/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Token {caller.token}\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent
