"""Whoever shows persons' data says so here first: the ledger has it before the page has anything, or there is no page."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from audit.access import RULES, Capability, actor_of, may, may_see_stream
from audit.frame.looks import looks_of
from audit.frame.page import Shows
from audit.frame.refusals import PageRefused
from audit.purpose import purpose_of
from eventstore.errors import AccessNotRecorded
from eventstore.opening import Access, opener, record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from django.http import HttpRequest

    from eventstore.opening import KeyOpener

_log = structlog.get_logger(__name__)
_NEEDED: Final[Mapping[Shows, Capability]] = {
    Shows.REVEAL: Capability.REVEAL,
    Shows.EXPORT: Capability.EXPORT,
}
_OPENS: Final = frozenset(_NEEDED)


def looks_at(
    request: HttpRequest,
    subjects: Collection[str],
    object: str | None = None,  # noqa: A002  (as the event's field is called)
    kind: Shows | None = None,
) -> None:
    """Have it recorded that the viewer is about to see data of these persons: children's and parents' ids.

    object: the stream or the list that is shown. kind: what the page shows, where it is another than its `Page` says.
    Call it before anything is opened or shown. Raises `PageRefused`: then show nothing.
    """
    looks = looks_of(request)
    kind = kind or looks.kind
    _refuse_without(request, kind)
    if object is not None and not may_see_stream(request.user, object):
        raise _refused(Capability.SEE_LEDGER)
    purpose = purpose_of(request)
    if purpose is None:  # the site asks before the view is called
        raise PageRefused(HTTPStatus.FORBIDDEN, "No purpose is chosen.")
    access = Access(
        kind.value, purpose.code, actor_of(request.user), object, purpose.reference
    )
    try:
        record(access, sorted(set(subjects)))
    except AccessNotRecorded as error:
        _log.warning(
            "a page was not made",
            action="page-failed",
            code=error.code,
            error=str(error),
        )
        raise _not_recorded() from error
    looks.recorded.add(kind)


def opener_for(request: HttpRequest) -> KeyOpener:
    """Opens what is sealed, for a viewer who may and of whom this request has recorded a reveal or an export. Raises `PageRefused`.

    Raises LookupError where nothing of that kind is recorded: the view calls `looks_at` first.
    """
    opened = looks_of(request).recorded & _OPENS
    if not opened:
        msg = (
            "nothing is opened before a reveal or an export is recorded: call looks_at"
        )
        raise LookupError(msg)
    for kind in opened:
        _refuse_without(request, kind)
    return opener()


def _refuse_without(request: HttpRequest, kind: Shows) -> None:
    needed = _NEEDED.get(kind)
    if needed is not None and not may(request.user, needed):
        raise _refused(needed)


def _refused(needed: Capability) -> PageRefused:
    rule = RULES[needed]
    return PageRefused(HTTPStatus.FORBIDDEN, rule.sentence, rule.instead)


def _not_recorded() -> PageRefused:
    return PageRefused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "That you look at this could not be written down, and so it is not shown.",
        "Try again in a moment. If it stays so, tell whoever runs this installation: the server's log says why.",
    )
