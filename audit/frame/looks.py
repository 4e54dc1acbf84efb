"""What the answer to a request was recorded to show: kept beside the request, so that the site can ask whether anything was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from django.http import HttpRequest

    from audit.frame.page import Shows

_KEPT: Final = "_looks"


@dataclass(slots=True)
class Looks:
    """kind: of the page. recorded: what the ledger has of this request."""

    kind: Shows
    recorded: set[Shows] = field(default_factory=set)


class NothingRecorded(Exception):  # noqa: N818  (a page's fault, which no caller mends)
    """A page that shows persons' data has recorded nobody's look: its view has to call `looks_at`."""


def begin(request: HttpRequest, kind: Shows) -> Looks:
    """The page that answers shows this kind of thing."""
    made = Looks(kind)
    vars(request)[_KEPT] = made
    return made


def looks_of(request: HttpRequest) -> Looks:
    """Of a page that shows something of persons. Raises LookupError for any other."""
    found = vars(request).get(_KEPT)
    if found is None:
        msg = "this page is not listed as one that shows persons' data: give its Page a `shows`"
        raise LookupError(msg)
    return cast("Looks", found)


def has_recorded(request: HttpRequest) -> bool:
    """Whether the ledger has something of this request; no page that shows nothing of persons has."""
    found = vars(request).get(_KEPT)
    return found is not None and bool(cast("Looks", found).recorded)
