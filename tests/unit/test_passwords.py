"""Few hash at once, few wait, and whoever is one too many is told so instead of holding a thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import check_password, make_password

from teddy_es import passwords
from teddy_es.passwords import Doors, Gate, PasswordsBusy


class Room:
    """Threads behind a gate, which stay until they are let go."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self.go = threading.Event()
        self.entered = threading.Semaphore(0)

    def stay(self) -> bool:
        """Whether there was room."""
        try:
            with self._gate.slot():
                with self._lock:
                    self._now += 1
                    self.most = max(self.most, self._now)
                self.entered.release()
                self.go.wait(120)
                with self._lock:
                    self._now -= 1
                return True
        except PasswordsBusy:
            return False


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("waiting", [0, 1, 2])
def test_so_many_are_in_and_so_many_wait_and_the_rest_is_refused_at_once(
    at_once: int, waiting: int
) -> None:
    room = Room(Gate(at_once=at_once, waiting=waiting, patience_s=30))

    with ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(room.stay) for _ in range(16)]
        for _ in range(at_once):
            assert room.entered.acquire(timeout=120)
        refused = 0
        while refused < 16 - at_once - waiting:
            refused = sum(one.done() for one in asked)
        room.go.set()
        let_in = sum(one.result(120) for one in asked)

    assert let_in == at_once + waiting
    assert room.most == at_once


def test_who_waits_too_long_is_refused_and_the_next_one_has_room() -> None:
    gate = Gate(at_once=1, waiting=1, patience_s=0)

    with gate.slot(), pytest.raises(PasswordsBusy), gate.slot():
        pass

    with gate.slot():
        pass


def test_one_address_leaves_room_for_others() -> None:
    doors = Doors(each=1)

    with doors.enter("10.0.0.1"):
        with pytest.raises(PasswordsBusy), doors.enter("10.0.0.1"):
            pass
        with doors.enter("10.0.0.2"):
            pass

    with doors.enter("10.0.0.1"):
        pass
    assert not doors._inside


def test_whoever_hashes_goes_through_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = make_password("a good password")
    assert check_password("a good password", hashed)
    shut = Gate(at_once=0, waiting=0, patience_s=0)
    monkeypatch.setattr(passwords, "gate", shut)

    with pytest.raises(PasswordsBusy):
        make_password("another one")
    with pytest.raises(PasswordsBusy):
        check_password("a good password", hashed)
