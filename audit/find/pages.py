"""Exact look-ups of whatever somebody has at hand. A POST: what is typed stands in no address and no log."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.shortcuts import redirect
from django.urls import reverse

from audit.access import Capability, may
from audit.addresses import event_address
from audit.find import persons
from audit.frame.refusals import PageRefused
from audit.frame.showing import show
from audit.looking import looks_at
from eventstore.events import Position
from eventstore.queries import browse
from eventstore.queries.evidence import one_event, with_commit_id
from eventstore.queries.keyset import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest, HttpResponse

    from audit.find.persons import Person

_MOST_TEXT: Final = 320  # the longest e-mail address
_NOTHING: Final = (
    "Nothing has exactly this id, address or position.",
    "Look up a child, a conversation, a violation, an event, a commit or correlation id, or a parent’s whole e-mail address.",
)
_NO_CHILD: Final = (
    "A parent registered with this address, and no child of that parent is known here.",
    "What was registered a moment ago follows soon.",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that has what was typed: what it is, how it is called, where it is. of: whose, where it is not the same."""

    what: str
    label: str
    address: str
    of: str = ""


def find(request: HttpRequest) -> HttpResponse:
    """Redirect to what has exactly this id, address or position; where several have, they stand to be chosen from.

    1. look  2. what was found of persons is recorded, a parent without a child, too  3. lead there, or say that there is nothing
    """
    if request.method != "POST":
        return redirect("admin:children")
    text = request.POST.get("q", "").strip()[:_MOST_TEXT]
    found, parents = _persons(text)
    hits = [*map(_hit, found), *_of_the_log(request, text)]
    if found or parents or len(hits) > 1:
        named = {person.child_id for person in found}
        looks_at(request, named | set(parents), "find")
    if not hits:
        raise PageRefused(HTTPStatus.NOT_FOUND, *(_NO_CHILD if parents else _NOTHING))
    if len(hits) == 1:
        return redirect(hits[0].address)
    return show(request, "audit/find/several.html", {"title": "Several", "hits": hits})


def _persons(text: str) -> tuple[Sequence[Person], Sequence[str]]:
    """The hits, and the parents to whom an address leads. A place of the log is no id of anybody's."""
    if _is_position(text):
        return (), ()
    parents = persons.parents_with(text)
    return [*persons.with_id(text), *persons.children_of(parents)], parents


def _hit(person: Person) -> Hit:
    child = reverse("admin:child", args=[person.child_id])
    if person.kind == "conversation":
        address = reverse("admin:conversation", args=[person.id])
        return Hit("Conversation", person.id, address, person.child_id)
    if person.kind == "violation":
        address = reverse("admin:violation", args=[person.child_id, person.id])
        return Hit("Violation", person.id, address, person.child_id)
    if person.kind == "parent":
        return Hit("Child of this parent", person.child_id, child)
    return Hit("Child", person.child_id, child)


def _of_the_log(request: HttpRequest, text: str) -> Iterator[Hit]:
    """Events and streams, for who may see them."""
    if not may(request.user, Capability.SEE_PAYLOADS):
        return
    found = _by_uuid(text) or _by_position(text) or _by_stream(text)
    if found is not None:
        yield found


def _by_uuid(text: str) -> Hit | None:
    try:
        wanted = UUID(text)
    except ValueError:
        return None
    if rows := browse.with_event_id(wanted):
        return _one_or_list(rows, f"event_id={wanted}")
    if rows := with_commit_id(wanted):
        return Hit("Commit", str(wanted), event_address(rows[0].position))
    for name, label, among in (
        ("correlation_id", "Events of a correlation", browse.EventFilter(correlation_id=wanted)),
        ("causation_id", "Events of a cause", browse.EventFilter(causation_id=wanted)),
    ):  # fmt: skip
        if browse.events(Wanted(size=1), among).rows:
            return _list(label, f"{name}={wanted}")
    return None


def _one_or_list(rows: Sequence[browse.EventRow], query: str) -> Hit:
    if len(rows) == 1:
        return Hit("Event", rows[0].event_type, event_address(rows[0].position))
    return _list("Events with this id", query)


def _list(label: str, query: str) -> Hit:
    return Hit("Events", label, f"{reverse('admin:events')}?{query}")


def _by_position(text: str) -> Hit | None:
    if not _is_position(text):
        return None
    position = Position.parse(text)
    return Hit("Event", text, event_address(position)) if one_event(position) else None


def _is_position(text: str) -> bool:
    try:
        Position.parse(text)
    except ValueError:
        return False
    return True


def _by_stream(text: str) -> Hit | None:
    there = browse.stream(text) if "." in text else None
    return Hit("Stream", text, reverse("admin:stream", args=[text])) if there else None
