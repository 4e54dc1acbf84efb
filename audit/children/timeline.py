"""A child's page: everything on one axis, a strip above it, links to what it was at a moment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html

from audit.access import Capability, viewer_of
from audit.addresses import event_address
from audit.children import asked, axis
from audit.children.axis import LANES, Asked, Clock
from audit.children.brush import Brush, brush_of
from audit.children.heads import head_of, page_known_before, privacy_of
from audit.children.spans import Span, days, strip
from audit.children.talks import CLOSED, Looks, Talk, agreed_to, looks_of, talks_of
from audit.children.wording import LANE_WORDS, Words, words_of
from audit.columns.table import Pager
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step, query_without_cursor, show, wanted
from audit.looking import looks_at
from audit.people.models import Lane
from audit.zones import labelled
from eventstore.clock import SystemClock
from eventstore.queries.positions import position_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, tzinfo

    from django.http import HttpRequest, HttpResponse, QueryDict
    from django.utils.safestring import SafeString

    from audit.approvals.answers import Answer
    from audit.children.axis import FactRow
    from audit.children.heads import Head

MOST_STEPS: Final = 48
_LATE: Final = timedelta(minutes=1)
_SHIFT: Final = timedelta(microseconds=1)
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9998, 12, 30, tzinfo=UTC)
_NOT_THERE: Final = "There is no such child, or it is not known here yet."
_INSTEAD: Final = (
    "Look the child up by its whole id: what was recorded a moment ago follows soon."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact as the page shows it. when: its time beneath the heading of its day. is_late: it was recorded well after it happened. as_of: the address of the child at that moment.
    agreed: the second person's answer, where two closed a violation."""

    fact: FactRow
    words: Words
    at: datetime
    when: SafeString
    address: str
    label: str
    as_of: str
    is_late: bool
    talk: Talk | None
    looks: Sequence[Looks]
    agreed: Answer | None


@dataclass(frozen=True, slots=True)
class Day:
    """Entries of one day by the axis' clock and zone; a day of staff views stands in the one that has its date."""

    day: date
    entries: Sequence[Entry]


def child(request: HttpRequest, *, child_id: str) -> HttpResponse:
    """The axis.

    1. the child  2. up to when it is known: asked before what is shown, which then has no less  3. it is recorded who looks  4. what is shown
    """
    head = there(child_id)
    zone = asked.zone_in(request.GET)
    clock, lanes = asked.clock_in(request.GET), asked.lanes_in(request.GET)
    span = asked.span_in(request.GET, zone, _whole(head, clock, zone))
    of_it = Asked(child_id, span, clock, lanes)
    since = page_known_before()
    page_wanted = wanted(request)
    looks_at(request, [child_id], f"child.{child_id}")
    page = axis.facts(of_it, page_wanted)
    context: dict[str, Any] = {
        "title": child_id,
        "trail": [Step("Children", reverse("admin:children"))],
        "head": head,
        "privacy": privacy_of(child_id),
        "known_before": since,
        "is_beyond": clock is Clock.HAPPENED and _is_beyond(head),
        "span": span,
        "form": _form(request, span, zone, of_it),
        "brush": _brush(request.GET, of_it, zone),
        "days": _days(child_id, page.rows, clock, zone, viewer_of(request).zone),
        "pager": Pager(page, query_without_cursor(request)),
        "may_see_events": viewer_of(request).may(Capability.SEE_PAYLOADS),
        "is_narrowed": any(request.GET.get(n) for n in ("from", "to", "lane")),
        "as_of_form": reverse("admin:child_as_of", args=[child_id]),
    }
    return show(request, "audit/children/child.html", context)


def there(child_id: str) -> Head:
    """The child. Raises `PageRefused` where there is none, or can be none: in the same words."""
    found = head_of(child_id)
    if found is None:
        raise PageRefused(HTTPStatus.NOT_FOUND, _NOT_THERE, _INSTEAD)
    return found


def as_of_address(child_id: str, at: datetime) -> str:
    """Of the child at a moment; the page itself puts the cut into it."""
    return f"{reverse('admin:child_as_of', args=[child_id])}?{urlencode({'at': asked.written(at)})}"


def event_of(fact: FactRow) -> tuple[str, str]:
    """The address of its event, and how a link to it is called; a day of staff views has none."""
    if fact.lane == Lane.VIEW.value:
        return "", ""
    position = position_of(fact.position)
    kind = position.topic.rpartition(".")[2]
    return event_address(position), f"{kind} v{fact.version}"


def _whole(head: Head, clock: Clock, zone: tzinfo) -> Span:
    """All of the axis, in whole days."""
    ends = (
        axis.ends(head.child_id, clock)
        if clock is Clock.RECORDED
        else (head.begins, head.until)
    )
    first, last = ends or (None, None)
    if first is None or last is None:  # it is listed, and its facts follow
        first = last = head.registered_at or SystemClock().now()
    first, last = (min(max(at, _EARLIEST), _LATEST) for at in (first, last))
    return days(first.astimezone(zone).date(), last.astimezone(zone).date(), zone)


def _is_beyond(head: Head) -> bool:
    """Whether a writer's clock was so wrong that the axis has no place for what it told: by when it was recorded it stands there."""
    return any(
        at is not None and not _EARLIEST <= at <= _LATEST
        for at in (head.begins, head.until)
    )


def _form(
    request: HttpRequest, span: Span, zone: tzinfo, of_it: Asked
) -> Mapping[str, Any]:
    own = viewer_of(request).zone
    return {
        "first": span.start.astimezone(zone).date(),
        "last": (span.end - _SHIFT).astimezone(zone).date(),
        "zone": str(zone),
        "zones": list(dict.fromkeys(["UTC", str(own), str(zone)])),
        "clock": of_it.clock.value,
        "lanes": [(one, LANE_WORDS[one], one in of_it.lanes) for one in LANES],
    }


def _brush(query: QueryDict, of_it: Asked, zone: tzinfo) -> Brush:
    shown = strip(of_it.span, zone, most=MOST_STEPS)
    everything = Asked(of_it.child_id, of_it.span, of_it.clock)
    kept = [(n, v) for n in ("zone", "clock") if (v := query.get(n))]
    kept += [("lane", lane) for lane in query.getlist("lane")]

    def address(start: datetime, end: datetime) -> str:
        edges = [("from", asked.written(start)), ("to", asked.written(end))]
        return f"?{urlencode([*kept, *edges])}"

    return brush_of(shown, axis.counts(everything, shown), zone, address)


def _days(
    child_id: str,
    facts: Sequence[FactRow],
    clock: Clock,
    zone: tzinfo,
    own: tzinfo,
) -> Sequence[Day]:
    """zone: by whose days; own: the viewer's, which stands beside UTC."""
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in _entries(child_id, facts, clock, zone, own):
        # A day of staff views begins at midnight UTC: west of it that is still the evening before.
        by_day[entry.at.astimezone(zone if entry.address else UTC).date()].append(entry)
    return [Day(day, by_day[day]) for day in sorted(by_day, reverse=True)]


def _entries(
    child_id: str, facts: Sequence[FactRow], clock: Clock, zone: tzinfo, own: tzinfo
) -> Iterator[Entry]:
    talks, looks = talks_of(facts), looks_of(child_id, facts)
    agreed = agreed_to(child_id, facts)
    for fact in facts:
        address, label = event_of(fact)
        yield Entry(
            fact=fact,
            words=words_of(fact),
            at=fact.at(clock),
            when=_when(fact.at(clock), zone, own)
            if address
            else _whole_day(fact.recorded_at),
            address=address,
            label=label,
            as_of=as_of_address(child_id, fact.recorded_at),
            is_late=fact.recorded_at - fact.occurred_at > _LATE,
            talk=talks.get(fact.conversation_id or ""),
            looks=looks.get(fact.recorded_at, ()) if not address else (),
            agreed=agreed.get(fact.version) if fact.kind == CLOSED else None,
        )


def _when(at: datetime, zone: tzinfo, own: tzinfo) -> SafeString:
    """The time of UTC and the viewer's, both labelled; with the date where it is another than that of the heading."""
    return format_html(
        '<time class="t" datetime="{}">{}</time> <span class="t-local">{}</span>',
        asked.written(at),
        f"{_time_of(at, UTC, zone)} UTC",
        ""
        if own is UTC
        else f"{_time_of(at, own, zone)} {labelled(at.astimezone(own))}",
    )


def _whole_day(midnight: datetime) -> SafeString:
    """30 November, the whole day, UTC."""
    return format_html(
        '<span class="quiet">{}, the whole day, UTC</span>',
        f"{midnight.astimezone(UTC):%-d %B}",
    )


def _time_of(at: datetime, zone: tzinfo, heading: tzinfo) -> str:
    there = at.astimezone(zone)
    written = there.strftime("%H:%M:%S")
    is_other = there.date() != at.astimezone(heading).date()
    return f"{there.strftime('%-d %b')} {written}" if is_other else written
