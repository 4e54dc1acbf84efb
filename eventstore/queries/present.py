"""What the log says now, though the caller's transaction sees an older state of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.pq import TransactionStatus

from eventstore.database import and_hang_up

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

T = TypeVar("T")

_ISOLATION: Final = "SELECT current_setting('transaction_isolation')"
_SEES_ALL: Final = "read committed"  # each statement anew


def as_it_is_now(read: Callable[[], T]) -> T:
    """What it reads; on a session of its own where the caller's transaction would show it what was true when that began.

    Who seals within a REPEATABLE READ transaction has a key made there and then, and must find that the log knows it; and no key is
    believed to live because a transaction began before its end.
    """
    if not _is_fixed():
        return read()
    with ThreadPoolExecutor(1, "eventstore-present") as apart:
        return apart.submit(partial(and_hang_up, read)).result()


def _is_fixed() -> bool:
    """Whether a transaction of the caller's is open in which every statement sees the same."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    if wrapper.connection is None or not _is_in_transaction(wrapper.connection):
        return False
    with wrapper.cursor() as cursor:
        cursor.execute(_ISOLATION)
        (isolation,) = cursor.fetchone()
    return bool(isolation != _SEES_ALL)


def _is_in_transaction(connection: psycopg.Connection[Any]) -> bool:
    return connection.pgconn.transaction_status == TransactionStatus.INTRANS
