"""What the database says with an error, by its SQLSTATE: the one place that knows the driver's errors and their numbers.

Others catch what `translated` raises, or ask `condition_of` what stands behind an error that is not theirs.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

import psycopg
from django.db import Error as DjangosError
from django.db import InterfaceError as DjangosInterfaceError
from django.db import OperationalError as DjangosOperationalError

from eventstore.errors import DatabaseUnanswered

if TYPE_CHECKING:
    from types import TracebackType


class Condition(Enum):
    """What is the matter, where the SQLSTATE tells."""

    LOST = auto()  # the session is over: shut down, crashed, starting, its database dropped, idle for too long
    TOO_LONG = auto()  # so is this one, for how long its transaction took or was idle
    READ_ONLY = auto()
    RIGHTS = auto()  # the role lacks one
    FULL = auto()  # the disk
    CROWDED = auto()  # no connection is left
    OUTDATED = auto()  # "cached plan must not change result type": a migration went by; a new connection plans anew
    LOCKED = auto()  # somebody held it for longer than we may wait
    DEADLOCKED = auto()
    UNSERIALIZABLE = auto()
    TAKEN = auto()  # a key that must be there once
    OVERTAKEN = auto()  # our own: `eventstore_overtaken()`
    NO_TABLE = auto()
    NO_OBJECT = auto()  # a role, a function, a type


# By the whole number, else by its class.
_CONDITIONS: Final = {
    "08": Condition.LOST,
    "57P01": Condition.LOST,
    "57P02": Condition.LOST,
    "57P03": Condition.LOST,
    "57P04": Condition.LOST,
    "57P05": Condition.LOST,
    "25P03": Condition.TOO_LONG,
    "25P04": Condition.TOO_LONG,
    "25006": Condition.READ_ONLY,
    "42501": Condition.RIGHTS,
    "53100": Condition.FULL,
    "53300": Condition.CROWDED,
    "0A000": Condition.OUTDATED,
    "55P03": Condition.LOCKED,
    "40P01": Condition.DEADLOCKED,
    "40001": Condition.UNSERIALIZABLE,
    "23505": Condition.TAKEN,
    "TE001": Condition.OVERTAKEN,
    "42P01": Condition.NO_TABLE,
    "42704": Condition.NO_OBJECT,
}
# Besides all that the driver counts among its operational errors, which several of these are not.
_PASSES: Final = frozenset(
    {
        Condition.LOST,
        Condition.TOO_LONG,
        Condition.READ_ONLY,
        Condition.RIGHTS,  # until somebody grants it
        Condition.OUTDATED,
    }
)
_SAID: Final = {
    Condition.FULL: "the database's disk is full; make room on it, and everything goes on by itself",
    Condition.READ_ONLY: "the database is read-only: a standby, or default_transaction_read_only is on; let DATABASE_URL name"
    " the primary, with a role and a database that may write",
    Condition.RIGHTS: "the database's role lacks a right; as the tables' owner run `manage.py database_roles`, which says"
    " the GRANTs that each role needs",
}
_WORDS: Final = {
    Condition.READ_ONLY: "database-read-only",
    Condition.RIGHTS: "database-rights-missing",
}
_REPLANNED: Final = "RevalidateCachedQuery"  # where PostgreSQL raises it


class Overtaken(Exception):  # noqa: N818  (what happened)
    """Somebody else has moved the row that a statement must find where it was; nothing of the transaction was written."""


class translated:  # noqa: N801  (as a function: `with translated():`)
    """Turn the database's errors, the driver's or Django's round them, into ours, in this one place.

    What passes when the database is back, or is the primary again, becomes `DatabaseUnanswered`; a lost race, `Overtaken`. The
    rest is a fault, and goes through as it is.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Raise ours in the place of theirs."""
        if not isinstance(error, psycopg.Error | DjangosError):
            return
        if condition_of(error) is Condition.OVERTAKEN:
            raise Overtaken from error
        if is_trouble(error):
            raise DatabaseUnanswered(
                described(error), kind=kind_of(error), word=word_of(error)
            ) from error


def condition_of(error: BaseException | None) -> Condition | None:
    """What is the matter. The error is the driver's, or another round it; None where it is none, or its SQLSTATE tells nothing."""
    cause = _drivers(error)
    state = "" if cause is None else cause.sqlstate or cause.diag.sqlstate or ""
    return _CONDITIONS.get(state) or _CONDITIONS.get(state[:2])


def is_the_databases(error: BaseException) -> bool:
    """Whether it is an error of the driver's, Django's round it, or ours for it."""
    if isinstance(error, DatabaseUnanswered | Overtaken):
        return True
    return isinstance(error, psycopg.Error | DjangosError)


def is_trouble(error: BaseException) -> bool:
    """Whether it passes when the database is back, or is the primary again: whoever meets it drops its view and tries later."""
    if condition_of(error) in _PASSES or isinstance(error, DatabaseUnanswered):
        return True
    return isinstance(_drivers(error), psycopg.OperationalError)


def is_silence(error: BaseException) -> bool:
    """Whether Django got no answer: `is_trouble`, or its connection was not there any more."""
    silent = isinstance(error, DjangosOperationalError | DjangosInterfaceError)
    return silent or is_trouble(error)


def is_lost(
    error: BaseException, connection: psycopg.Connection[Any] | None = None
) -> bool:
    """Whether a session is over, so that nothing can be asked or rolled back on it any more.

    Where the connection is at hand its state alone says so: it knows whose session ended, and whatever was raised since.
    Else the error's SQLSTATE does, or that it has none: then the server said nothing, and was not there. Never its class:
    PostgreSQL ends a session that idles in a transaction by what psycopg counts among internal errors. The error is
    psycopg's, or Django's round it.
    """
    if connection is not None:
        return connection.closed
    cause = _drivers(error)
    if cause is not None and not (cause.sqlstate or cause.diag.sqlstate):
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return condition_of(error) in (Condition.LOST, Condition.TOO_LONG)


def took_too_long(error: BaseException) -> bool:
    """Whether PostgreSQL ended the session because of how long its transaction took, or was idle; also behind what was raised upon it."""
    seen: BaseException | None = error
    while seen is not None:
        if condition_of(seen) is Condition.TOO_LONG:
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def is_replanned(error: BaseException) -> bool:
    """Whether a migration went by under a statement that is prepared; a statement that cannot be is its author's own."""
    cause = _drivers(error)
    return (
        condition_of(error) is Condition.OUTDATED
        and cause is not None
        and cause.diag.source_function == _REPLANNED
    )


def is_full(error: BaseException) -> bool:
    """Whether the database lacks space on its disk."""
    return condition_of(error) is Condition.FULL


def described(error: BaseException) -> str:
    """What is the matter with the database, for whoever waits for it; without its own text, which may quote a row."""
    return named(error) or f"the database did not answer ({kind_of(error)})"


def named(error: BaseException) -> str | None:
    """What is the matter, and what to do, where the SQLSTATE tells; None where it does not."""
    condition = condition_of(error)
    return None if condition is None else _SAID.get(condition)


def word_of(error: BaseException) -> str:
    """Where waiting alone does not help, what to look at, as `/readyz` says it; else empty."""
    condition = condition_of(error)
    return "" if condition is None else _WORDS.get(condition, "")


def kind_of(error: BaseException) -> str:
    """What the driver calls it."""
    if isinstance(error, DatabaseUnanswered) and error.kind:
        return error.kind
    return type(error).__name__


def _drivers(error: BaseException | None) -> psycopg.Error | None:
    """The driver's error in it: itself, or what it, or ours for it, was raised from."""
    if isinstance(error, psycopg.Error):
        return error
    cause = error.__cause__ if error is not None else None
    if isinstance(cause, DatabaseUnanswered):
        cause = cause.__cause__
    return cause if isinstance(cause, psycopg.Error) else None
