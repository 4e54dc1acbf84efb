"""What failed, without anything personal in it; and what is no event's fault, so that nobody is parked for it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.db import connection

from eventstore.database import Condition, condition_of, is_full, is_lost, is_replanned
from eventstore.errors import (
    NeedsOperator,
    Retryable,
    StreamParked,
    SubscriptionBehind,
)
from eventstore.subscriptions.subscription import TryLater

if TYPE_CHECKING:
    from types import TracebackType

    from eventstore.registry import Problem

_PASSES: Final = (
    Condition.DEADLOCKED,
    Condition.UNSERIALIZABLE,
    Condition.LOCKED,
    Condition.READ_ONLY,
    Condition.CROWDED,
)
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")  # anything else may be a text
_LIBRARIES: Final = (sys.prefix, sys.base_prefix, str(Path(__file__).parent))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event could not be handled. error: a stable code, or a class's name; place: `module:line` that raised it.

    is_final: to try again by itself is no use: the event cannot be read.
    """

    error: str
    place: str
    is_final: bool = False


def unreadable(problem: Problem) -> Failure:
    """That of an event which the registry cannot read."""
    return Failure(problem.replace("_", "-"), "", is_final=True)


def failure_of(error: Exception) -> Failure:
    """What a handler raised, by its kind: its text may quote what the event holds."""
    code = getattr(error, "code", None)
    name = type(error).__name__
    is_code = isinstance(code, str) and _CODE.fullmatch(code)
    return Failure(str(code) if is_code else name, _place(error.__traceback__))


def passes(error: Exception) -> bool:
    """Whether this is no fault of the event: everybody waits, and the same is tried again."""
    if isinstance(error, SubscriptionBehind | StreamParked):
        return (
            False  # another subscription's trouble, which may itself wait for this one
        )
    if isinstance(error, TryLater | Retryable | NeedsOperator) or is_full(error):
        return True
    # Of what Django raised: the driver's own errors are of the handler's own sessions, and what it made of Django's is its word.
    if error.__cause__ and (condition_of(error) in _PASSES or is_replanned(error)):
        return True
    raw = connection.connection
    return raw is None or is_lost(error, raw)


def _place(traceback: TracebackType | None) -> str:
    """The innermost line that is not a library's."""
    place = ""
    while traceback is not None:
        frame = traceback.tb_frame
        if not frame.f_code.co_filename.startswith(_LIBRARIES) or not place:
            place = f"{frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
