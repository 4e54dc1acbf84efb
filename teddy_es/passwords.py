"""Hashing a password takes half a second of a processor, on purpose. So few hash at once, few wait, and the rest come again.

Without this a handful of people who try passwords hold every thread that makes pages, for as long as they like.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from http import HTTPStatus
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from audit.frame.refusals import PageRefused
from teddy_es.proxies import client_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User
    from django.http import HttpRequest


class PasswordsBusy(PageRefused):
    """So many log in at this moment that this one was not looked at."""

    def __init__(self) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Too many people are logging in at this moment, so the server did not check your log-in.",
            "It does not count as a failure. Try again in a few seconds.",
        )


class Gate:
    """So many at once, so many who wait, and none for long; whoever is one too many is told so at once."""

    def __init__(self, *, at_once: int, waiting: int, patience_s: float) -> None:
        self._room = at_once + waiting
        self._patience_s = patience_s
        self._slots = Semaphore(at_once)
        self._inside = 0
        self._lock = Lock()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Raises `PasswordsBusy`."""
        with self._lock:
            if self._inside >= self._room:
                raise PasswordsBusy
            self._inside += 1
        try:
            if not self._slots.acquire(timeout=self._patience_s):
                raise PasswordsBusy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            with self._lock:
                self._inside -= 1


class Doors:
    """At the gate, so many from one address: whoever floods it leaves room for everybody else."""

    def __init__(self, *, each: int) -> None:
        self._each = each
        self._inside: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def enter(self, address: str) -> Iterator[None]:
        """Raises `PasswordsBusy`."""
        with self._lock:
            if self._inside[address] >= self._each:
                raise PasswordsBusy
            self._inside[address] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[address] -= 1
                if not self._inside[address]:
                    del self._inside[address]


# Of eight threads of a process at most four are held up, and at most two of them by one address.
gate: Final = Gate(at_once=1, waiting=3, patience_s=5.0)
doors: Final = Doors(each=2)


class GatedHasher(PBKDF2PasswordHasher):
    """Django's, behind the gate: log-ins, unknown names, changes of passwords, whoever hashes."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Raises `PasswordsBusy`."""
        with gate.slot():
            return super().encode(password, salt, iterations)


class GatedBackend(ModelBackend):
    """Django's, through the door of the client's address."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Raises `PasswordsBusy`."""
        address = (client_address(request) if request else None) or ""
        with doors.enter(address):
            return super().authenticate(request, username, password, **kwargs)
