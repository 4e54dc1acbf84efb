"""What the queue is narrowed by, from its address: every value is checked before a query is made of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, get_args

from django.urls import reverse

from audit.access import actor_of
from audit.columns.filters import Code, Day, Filters, Labelled
from audit.conf import SEVERITIES
from audit.frame.refusals import PageRefused
from audit.violations.queries import Among
from audit.violations.words import said
from teddy_es.domain.fields import is_code
from teddy_es.domain.violations import Category

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from audit.access import Viewer

TABS: Final = ("open", "mine", "second", "closed")
CATEGORIES: Final[Sequence[str]] = get_args(Category)
_CLAIMED: Final = ("me", "nobody")
_OVERDUE: Final = ("yes",)
# The day before, and the day and the month behind, are days of the calendar, too.
_FIRST_DAY: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(9998, 12, 31)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)  # before it there is no record
_NO_DAY: Final = "A day is written as 2026-11-23, from 1970 on."


def among_of(query: QueryDict, viewer: Viewer) -> Among:
    """What the address asks for. Raises `PageRefused` with what is wrong; it repeats no value."""
    until = _day(query.get("until"))
    return Among(
        by=actor_of(viewer.user),
        now=viewer.now,
        tab=_one_of(query.get("tab"), TABS, "tab") or "open",
        severity=_one_of(query.get("severity"), SEVERITIES, "severity"),
        category=_one_of(query.get("category"), CATEGORIES, "category"),
        detector=_code(query.get("detector")),
        claimed=_one_of(query.get("claimed"), _CLAIMED, "claim"),
        overdue=_one_of(query.get("overdue"), _OVERDUE, "time") is not None,
        since=_day(query.get("since")),
        until=until and until + timedelta(days=1),
    )


def filters_of(among: Among, *, is_narrowed: bool) -> Filters:
    """The form. Its tab stays."""
    until = among.until and among.until - timedelta(days=1)
    claimed = (
        []
        if among.tab in {"mine", "closed"}
        else [_said("claimed", "Claimed by", among.claimed, _CLAIMED)]
    )
    return Filters(
        "Narrow the list",
        [
            _said("severity", "Severity", among.severity, SEVERITIES),
            _said("category", "Category", among.category, CATEGORIES),
            Code("detector", "detector", "Detector", among.detector),
            *claimed,
            _said("overdue", "Overdue", "yes" if among.overdue else None, _OVERDUE),
            Day("since", "since", "Detected from", among.since),
            Day("until", "until", "to", until),
        ],
        clear=f"{reverse('admin:violations')}?tab={among.tab}" if is_narrowed else "",
        kept={"tab": among.tab},
    )


def _said(name: str, label: str, chosen: str | None, codes: Sequence[str]) -> Labelled:
    """Codes as the list says them."""
    return Labelled(name, name, label, chosen, [(code, said(code)) for code in codes])


def month_of(text: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Where a month of the calendar begins and ends, UTC; this one if none is named. Raises `PageRefused`."""
    if text:
        first = _day(f"{text}-01")
    else:
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if first is None or first.year > now.year + 1:
        raise PageRefused(HTTPStatus.BAD_REQUEST, "There is no record of such a month.")
    after = (first + timedelta(days=31)).replace(day=1)
    return first, after


def _one_of(text: str | None, values: Sequence[str], what: str) -> str | None:
    if not text:
        return None
    if text not in values:
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            f"There is no such {what}.",
            f"There are: {', '.join(values)}.",
        )
    return text


def _code(text: str | None) -> str | None:
    if not text:
        return None
    if not is_code(text.strip()):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            "A detector is named by up to 100 letters, digits and . : / _ - without blanks.",
        )
    return text.strip()


def _day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        if not _FIRST_DAY <= day <= _LAST_DAY:
            raise ValueError  # noqa: TRY301  (the same answer)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        raise PageRefused(HTTPStatus.BAD_REQUEST, _NO_DAY) from None
