"""Which looks a list shows, from its address: every value is checked before a query is made of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from audit.access_ledger.queries import Among
from audit.columns.filters import Filters, Labelled
from audit.frame.refusals import PageRefused
from audit.purpose import WORDS

if TYPE_CHECKING:
    from django.http import QueryDict

_DAYS = {"1": "1 day", "7": "7 days", "30": "30 days", "365": "a year"}


def among(query: QueryDict, now: datetime) -> Among:
    """What the address asks for. Raises `PageRefused`; it repeats no value."""
    purpose, days = query.get("purpose") or None, query.get("days") or None
    if purpose is not None and purpose not in WORDS:
        raise PageRefused(HTTPStatus.BAD_REQUEST, "There is no such purpose.")
    if days is not None and days not in _DAYS:
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            f"Looks are shown of the last {', '.join(_DAYS.values())}, or all of them.",
        )
    return Among(purpose, now - timedelta(days=int(days)) if days else None)


def shown(query: QueryDict, address: str) -> Filters:
    """The same as a form."""
    purpose, days = query.get("purpose") or None, query.get("days") or None
    purposes = [(code, words.label) for code, words in WORDS.items()]
    return Filters(
        "Filter looks",
        [
            Labelled("purpose", "purpose", "Purpose", purpose, purposes),
            Labelled("days", "days", "In the last", days, list(_DAYS.items())),
        ],
        clear=address if purpose or days else "",
    )
