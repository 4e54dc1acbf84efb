"""Few connections, handed from one follower's thread to the next; a token that several followers have is looked at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from eventstore.api.feed import process
from eventstore.api.feed.process import Looks, Turn, Turns

_WHO = "SELECT pg_backend_pid()"
THREADS = 6


class TakenMeanwhile(list[Any]):
    """Seems to hold one."""

    def __bool__(self) -> bool:
        return True

    def pop(self, *_: Any) -> Any:
        raise IndexError


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_WHO)
        [found] = cursor.fetchone()
    return int(found)


def asked(turns: Turns, together: threading.Barrier) -> set[int]:
    """The sessions that a thread's questions went to."""
    together.wait()
    turn, found = Turn(turns), set()
    for _ in range(5):
        turn.take()
        turn.take()  # it is held
        found.add(backend())
        turn.give_back()
        turn.give_back()
    assert list(connections.all(initialized_only=True)) == []
    return found


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_connections_than_turns_however_many_threads(
    transactional_db: None, most: int
) -> None:
    turns, together = Turns(most), threading.Barrier(THREADS)

    with ThreadPoolExecutor(THREADS) as pool:
        several = [pool.submit(asked, turns, together) for _ in range(THREADS)]
        found = set[int]().union(*(one.result(120) for one in several))
    turns.close()

    assert 1 <= len(found) <= most


def test_what_is_given_back_behind_the_end_is_hung_up(transactional_db: None) -> None:
    turns = Turns(1)

    def ended() -> bool:
        turn = Turn(turns)
        turn.take()
        backend()
        held = connection.connection
        turns.close()
        turn.give_back()
        return bool(held.closed)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ended).result(120)


def test_a_callers_own_transaction_stays_with_its_thread(db: None) -> None:
    before = backend()
    turn = Turn(Turns(1))

    turn.take()
    turn.give_back()

    assert connection.in_atomic_block
    assert backend() == before


def test_a_turn_is_not_lost_where_its_connection_cannot_be_taken_up(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PATIENCE_S", 0.1)
    turns = Turns(1)
    turn = Turn(turns)
    turn.take()
    backend()
    turn.give_back()

    with monkeypatch.context() as broken:
        broken.setattr(
            BaseDatabaseWrapper,
            "close_if_unusable_or_obsolete",
            Mock(side_effect=OperationalError),
        )
        with pytest.raises(OperationalError):
            turn.take()
    turn.take()

    assert backend()
    turn.give_back()
    turns.close()


def test_two_who_take_a_turn_at_once_do_not_both_take_the_last_connection(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(1)
    turn = Turn(turns)
    # somebody else was quicker, between the question and the answer
    monkeypatch.setattr(turns, "_idle", TakenMeanwhile())

    turn.take()

    assert backend()
    turn.give_back()
    turns.close()


@pytest.mark.parametrize(("moment", "known"), [(4.9, True), (5.0, True), (5.1, False)])
def test_a_look_counts_for_what_was_read_before_it_began(
    moment: float,
    known: bool,  # noqa: FBT001
) -> None:
    looks = Looks()
    looks.note("token", 5.0, "seen")

    assert looks.since("token", moment)[0] is known
    assert looks.since("other", moment) == (False, None)
