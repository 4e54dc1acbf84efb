"""What failed, without anything personal in it; and what is no event's fault, so that nobody is parked for it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import InterfaceError, OperationalError, connection
from psycopg import errors

from eventstore.database import is_full
from eventstore.errors import (
    AppendOutcomeUnknown,
    IndexIncomplete,
    KeyStoreUnavailable,
    LogMisconfigured,
    LogUnavailable,
)
from eventstore.subscriptions.subscription import TryLater

if TYPE_CHECKING:
    from types import TracebackType

_LATER: Final = (
    TryLater,
    LogUnavailable,
    LogMisconfigured,
    AppendOutcomeUnknown,
    IndexIncomplete,
    KeyStoreUnavailable,
)
_PASSES: Final = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.ReadOnlySqlTransaction,
    errors.TooManyConnections,
    # a migration went by
    errors.FeatureNotSupported,
)
_LIBRARIES: Final = (sys.prefix, sys.base_prefix, str(Path(__file__).parent))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event could not be handled. error: a stable code, or a class's name; place: `module:line` that raised it.

    is_final: to try again by itself is no use: the event cannot be read.
    """

    error: str
    place: str
    is_final: bool = False


def unreadable(problem: str) -> Failure:
    """That of an event which the registry cannot read."""
    return Failure(problem.replace("_", "-"), "", is_final=True)


def failure_of(error: Exception) -> Failure:
    """What a handler raised, by its kind: its text may quote what the event holds."""
    code = getattr(error, "code", None)
    name = type(error).__name__
    return Failure(code if isinstance(code, str) else name, _place(error.__traceback__))


def passes(error: Exception) -> bool:
    """Whether this is no fault of the event: everybody waits, and the same is tried again."""
    if isinstance(error, _LATER) or is_full(error):
        return True
    if isinstance(error, (OperationalError, InterfaceError)):
        raw = connection.connection
        return raw is None or raw.closed or isinstance(error.__cause__, _PASSES)
    return isinstance(error.__cause__, _PASSES)


def _place(traceback: TracebackType | None) -> str:
    """The innermost line that is not a library's."""
    found = ""
    while traceback is not None:
        frame = traceback.tb_frame
        if not frame.f_code.co_filename.startswith(_LIBRARIES) or not found:
            found = f"{frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
