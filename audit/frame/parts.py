"""A page of several parts stands though one of them cannot be made: that one says so, with the reason, and the others are as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from audit.frame.refusals import PageRefused
from eventstore.errors import EventStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Part(Generic[_Found]):
    """found: None if it could not be made; reason: then why, in a sentence."""

    found: _Found | None
    reason: str = ""


def part(ask: Callable[[], _Found]) -> Part[_Found]:
    """What is asked, or why it cannot be known. What the database itself has to say is true of the whole page, and is raised."""
    try:
        return Part(ask())
    except PageRefused as refused:
        return Part(None, f"{refused.sentence} {refused.instead}".strip())
    except EventStoreError as error:
        _log.warning(
            "a part of a page was not made", action="page-part-failed", error=error.code
        )
        return Part(None, (type(error).__doc__ or "").partition("\n")[0])
