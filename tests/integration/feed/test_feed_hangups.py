"""A follower whose client hangs up leaves its place at once, and not at the next word that is said to it."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from eventstore.api.feed import process
from eventstore.api.feed.hangups import Hangups, hangups, has_hung_up
from tests.acceptance.launched import becomes_true
from tests.support.callers import FEED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore
    from tests.support.callers import Caller

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The server's end, and the client's."""
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_whoever_has_closed_has_hung_up_and_who_sends_has_not(pair: Pair) -> None:
    here, there = pair
    found = [has_hung_up(here)]
    there.sendall(b"next")
    found.append(has_hung_up(here))
    assert here.recv(10) == b"next"  # nothing was taken away
    there.close()
    found.append(has_hung_up(here))
    here.close()

    assert [*found, has_hung_up(here)] == [False, False, True, True]


def test_who_is_told_is_told_while_it_waits(pair: Pair) -> None:
    here, there = pair
    told, one = list[int](), Hangups()

    one.tell(here)
    with one.told(here, lambda: told.append(1)):
        assert told == []
        one.tell(there)
        assert told == []
        one.tell(here)
        assert told == [1]
    one.tell(here)
    assert told == [1]


def test_who_has_hung_up_before_is_told_of(pair: Pair) -> None:
    here, there = pair
    told, one = list[int](), Hangups()
    there.close()

    with one.told(here, lambda: told.append(1)):
        assert told == [1]


def test_a_server_that_says_nothing_of_sockets_will_do() -> None:
    with Hangups().told(None, lambda: None):
        pass


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_place_is_free_when_its_client_is_gone(
    living: EventStore, caller: Caller, pair: Pair, accept: str
) -> None:
    here, there = pair
    wait = "&wait=30" if accept == "application/json" else ""
    answered: list[Any] = []

    def follow() -> None:
        try:
            answer = caller.get(f"{FEED}?after=now{wait}", through=here, accept=accept)
            answered.append(b"".join(answer))
            answer.close()
        finally:
            connections.close_all()

    follower = threading.Thread(target=follow)
    follower.start()
    waiting = becomes_true(lambda: process.followers().waiting == 1)
    # as the server's loop does that sees it
    there.close()
    hangups.tell(here)
    follower.join(20)

    assert waiting
    assert not follower.is_alive()
    assert len(answered) == 1
    assert process.followers().waiting == 0
