"""Sessions on the key store's database: their own, durable, and none of them waits long. A few are kept for the next who asks.

A session belongs to the process that made it, and to one thread at a time. A process may fork at any moment, and its copy must not
wait for a thread that it has not: what threads wait for is a process's own, made where it is first needed.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

from eventstore.database import has_hung_up, translated
from eventstore.database.connections import connect_impatiently
from eventstore.errors import DatabaseUnanswered, DatabaseUnfit, KeyStoreUnavailable
from eventstore.keys.router import ALIAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

PATIENCE_S: Final = 5.0  # for a statement's answer, whatever holds it up
_KEPT: Final = 4
_MOST: Final = (
    8  # at a time, of a process: minting is rare, a look-up takes a millisecond
)
_LIMITS: Final = (
    "SELECT set_config('synchronous_commit', 'on', false),"
    " set_config('lock_timeout', '3s', false), set_config('statement_timeout', '4s', false),"
    " set_config('transaction_timeout', '10s', false),"
    # a plan that is kept would be one for the empty table on which a process has begun
    " set_config('plan_cache_mode', 'force_custom_plan', false)"
)

_inherited: Final[list[object]] = []  # what a forked process must neither use nor close


class Sessions:
    """gate: called with nothing before a new session is used for the first time; what it raises is raised.

    most: sessions of this process at a time. Who finds them all taken waits for one, as long as for an answer.
    """

    def __init__(
        self,
        gate: Callable[[], None] = lambda: None,
        connect: Callable[[], psycopg.Connection[Any]] | None = None,
        *,
        most: int = _MOST,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._gate = gate
        self._most = most
        self._patience_s = patience_s
        self._places = os.getpid(), BoundedSemaphore(most)
        self._connect = connect or _connect
        self._idle: deque[tuple[int, psycopg.Connection[Any]]] = deque()
        self._kept = _KEPT

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection[Any]]:
        """One in autocommit, for this block alone. What the database does not answer becomes `KeyStoreUnavailable`."""
        places = self._places_here()
        if not places.acquire(timeout=self._patience_s):
            msg = f"all {self._most} sessions of this process are taken"
            raise KeyStoreUnavailable(msg)
        try:
            with self._one() as connection:
                yield connection
        finally:
            places.release()

    @contextmanager
    def _one(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with translated():
                connection = self._taken()
                try:
                    yield connection
                except BaseException:
                    connection.close()  # whatever was begun on it
                    raise
        except (DatabaseUnanswered, DatabaseUnfit) as error:
            raise KeyStoreUnavailable(_said(error)) from error
        self._give_back(connection)

    def _places_here(self) -> BoundedSemaphore:
        """This process's: what was inherited may be held by threads that are not here."""
        pid, places = self._places
        if pid != os.getpid():
            places = BoundedSemaphore(self._most)
            self._places = os.getpid(), places
        return places

    def close(self) -> None:
        """End those that nobody uses, and from now on each as soon as it has served: who still has this keeps none open."""
        self._kept = 0
        while self._idle:
            pid, connection = self._idle.pop()
            if pid == os.getpid():
                connection.close()

    def _taken(self) -> psycopg.Connection[Any]:
        while self._idle:
            pid, connection = self._idle.pop()
            if pid != os.getpid():
                _inherited.append(connection)
            elif has_hung_up(connection):
                connection.close()
            else:
                return connection
        return self._new()

    def _new(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        try:
            self._gate()
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_back(self, connection: psycopg.Connection[Any]) -> None:
        if len(self._idle) < self._kept and not connection.closed:
            self._idle.append((os.getpid(), connection))
        else:
            connection.close()


def _connect() -> psycopg.Connection[Any]:
    connection = connect_impatiently(ALIAS, patience_s=PATIENCE_S)
    try:
        connection.execute(_LIMITS)
    except BaseException:
        connection.close()
        raise
    return connection


def _said(error: DatabaseUnanswered | DatabaseUnfit) -> str:
    if isinstance(error, DatabaseUnfit):
        return f"the key store's database is unfit ({error.id}: {error.problem.rstrip('.')})"
    return f"the key store does not answer ({error.kind or 'no answer'})"
