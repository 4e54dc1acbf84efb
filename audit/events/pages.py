"""Events by what they have in common, and one event with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from django.shortcuts import redirect
from django.urls import reverse

from audit.addresses import event_address
from audit.columns.filters import Choice, Filters, Identifier, Moment
from audit.columns.showing import show_list
from audit.columns.table import Empty, Pager, Panel
from audit.events.columns import EVENTS
from audit.events.filters import event_filter, uuid_of
from audit.events.json_view import JsonView
from audit.events.tree_view import tree
from audit.formats import thousands
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step, query_without_cursor, show, wanted
from audit.looking import looks_at
from audit.people.persons import persons_named, persons_of
from eventstore.conf import registry
from eventstore.events import Position
from eventstore.lineage.lookup import destroyed
from eventstore.queries import browse
from eventstore.queries.evidence import OneEvent, one_event
from eventstore.queries.keyset import Page
from eventstore.queries.related import related
from eventstore.upkeep.verifier.stream import COMMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from eventstore.events import CommitEvent
    from eventstore.lineage.fold import Destroyed

_NO_EVENTS = Empty(
    "No events here", "As soon as a commit is accepted, its events stand here."
)
_NONE_FITS = Empty("No events here", "None was accepted that fits these filters.")


def events(request: HttpRequest) -> HttpResponse:
    """Events, newest first; an exact event id leads straight to its event."""
    event_id = uuid_of(request.GET.get("event_id"), "An event id")
    if event_id is not None:
        return _with_event_id(request, event_id)
    among = event_filter(request.GET)
    return _listed(
        request, browse.events(wanted(request), among), among, title="Events"
    )


def event(
    request: HttpRequest, *, topic: str, partition: int, offset: int, index: int
) -> HttpResponse:
    """One event: metadata, place in the log, hash, checks, payload, neighbours."""
    shown_event = _found(Position(topic, partition, offset, index))
    evidence = shown_event.evidence
    payload = evidence.event if evidence else None
    row, stream_id = shown_event.row, shown_event.row.stream_id
    beside = related(row)
    _look(request, stream_id, payload, beside.events)
    return show(
        request,
        "audit/events/event.html",
        {
            "title": row.event_type,
            "trail": [_stream(stream_id)],
            "here": f"Version {thousands(row.version)}",
            "row": row,
            "found": shown_event,
            "evidence": evidence,
            "payload": payload and JsonView(payload.data),
            "ended": payload and _ended(payload),
            "checks": _checks(shown_event),
            "number_in_commit": index + 1,
            "starts_correlation": row.correlation_id == row.event_id,
            "related": beside,
            "tree": tree(beside.events, row.position),
            "verify_from": 1 if shown_event.head <= COMMITS else row.version,
        },
    )


def _found(position: Position) -> OneEvent:
    found = one_event(position)
    if found is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "No event stands at this position of the log.",
            "A position is written topic/partition/offset/index; a refused record has no events.",
        )
    return found


def _look(
    request: HttpRequest,
    stream_id: str,
    payload: CommitEvent | None,
    beside: Sequence[browse.EventRow],
) -> None:
    """Of those, too, whose streams the tree names."""
    named = persons_named(payload.data) if payload else set()
    about = persons_of({stream_id, *(one.stream_id for one in beside)})
    looks_at(request, about | named, stream_id)


def _ended(event: CommitEvent) -> Destroyed | None:
    """How the key ended that the event is sealed with, by the log's word: the page opens nothing. None while it lives."""
    types = registry()
    if event.sealed is None or types.privacy is None:
        return None
    key_id = UUID(event.sealed.key)
    return destroyed([key_id], types).get(key_id)


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence and whether it is true; None if it could not be asked."""

    sentence: str
    holds: bool | None

    @property
    def answer(self) -> str:
        """In a word."""
        return _SHOWN[self.holds][0]

    @property
    def tone(self) -> str:
        """As `data-tone`."""
        return _SHOWN[self.holds][1]

    @property
    def icon(self) -> str:
        """In the sprite."""
        return _SHOWN[self.holds][2]


_SHOWN = {
    True: ("holds", "good", "ok"),
    False: ("fails", "bad", "no"),
    None: ("not asked", "calm", "unknown"),
}


def _checks(event: OneEvent) -> list[Check]:
    there = event.evidence
    contiguous = (event.previous is not None or event.row.version == 1) and (
        event.next is not None or event.row.version == event.head
    )
    return [
        Check("The mirror holds the record", there is not None),
        Check(
            "Its bytes give the stored hash",
            None if there is None else there.hash_holds,
        ),
        Check(
            "The index says what the bytes say",
            None if there is None else there.index_agrees,
        ),
        Check(
            "The fold accepted it",
            None if there is None else there.verdict == "accepted",
        ),
        Check("Its neighbours in the stream are there", contiguous),
    ]


def _with_event_id(request: HttpRequest, event_id: UUID) -> HttpResponse:
    rows = browse.with_event_id(event_id)
    if len(rows) == 1:
        return redirect(event_address(rows[0].position))
    return _listed(
        request,
        Page(rows, None, None),
        browse.EventFilter(),
        title="Events with one id" if rows else "No event with this id",
    )


def _listed(
    request: HttpRequest,
    listed: Page[browse.EventRow],
    among: browse.EventFilter,
    *,
    title: str,
) -> HttpResponse:
    looks_at(request, persons_of([row.stream_id for row in listed.rows]), "events")
    is_filtered = among != browse.EventFilter() or "event_id" in request.GET
    return show_list(
        request,
        title,
        Panel(
            label="Events",
            table=EVENTS,
            rows=listed.rows,
            above="audit/events/look_up.html",
            filters=_filters(among, is_filtered=is_filtered),
            empty=_NONE_FITS if is_filtered else _NO_EVENTS,
            pager=Pager(listed, query_without_cursor(request)),
        ),
        intro="Accepted facts, newest first by when the log took them. An event’s page shows its payload and its evidence.",
    )


def _filters(among: browse.EventFilter, *, is_filtered: bool) -> Filters:
    types = [kind.name for kind in registry().event_types()]
    if among.event_type and among.event_type not in types:
        types.append(among.event_type)  # a foreign producer's; its events are facts too
    return Filters(
        "Filter events",
        [
            Choice("type", "type", "Type", among.event_type, types),
            Moment("recorded_from", "from", "Recorded from", among.recorded_from),
            Moment("recorded_to", "to", "before (UTC)", among.recorded_to),
            Identifier(
                "correlation_id", "corr", "Correlation id", among.correlation_id
            ),
            Identifier("causation_id", "caus", "Caused by", among.causation_id),
        ],
        clear=reverse("admin:events") if is_filtered else "",
    )


def _stream(stream_id: str) -> Step:
    return Step(stream_id, reverse("admin:stream", args=[stream_id]))
