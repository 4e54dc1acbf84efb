"""A conversation: who spoke, when, how long, whether it was judged; what was said is masked until somebody reveals it for a purpose."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.shortcuts import redirect
from django.urls import reverse

from audit import transcript
from audit.access import Capability, viewer_of
from audit.columns.table import Pager
from audit.conversations.rows import talk_of
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step, query_without_cursor, show, wanted
from audit.looking import looks_at, opener_for
from eventstore.conf import registry
from eventstore.errors import KeyStoreUnavailable
from eventstore.opening.recorded import opened, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest, HttpResponse

    from audit.conversations.reveals import Reveal
    from audit.conversations.rows import TalkRow
    from audit.transcript import Found, Message
    from eventstore.events import Withheld
    from eventstore.queries.keyset import Page

MOST_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Turn:
    """A message as the page shows it. text: where it was opened now. withheld: why it could not be. reveals: who opened it before."""

    message: Message
    reveals: Sequence[Reveal]
    text: str | None = None
    withheld: Withheld | None = None
    trouble: str = ""


def conversation(request: HttpRequest, *, conversation_id: str) -> HttpResponse:
    """Masked. It is recorded who looks before anything of it is read."""
    talk = _there(conversation_id)
    looks_at(request, [talk.child_id], f"conversation.{conversation_id}")
    page = transcript.page(conversation_id, talk.child_id, wanted(request), talk.found)
    turns = [Turn(message, _of(message, talk.reveals)) for message in page.rows]
    return _show(request, talk, turns, page)


def reveal(request: HttpRequest, *, conversation_id: str) -> HttpResponse:
    """What was said, of the messages that the form names. Sent again, it is recorded again.

    1. which messages  2. it is recorded who opens them; without that nothing is opened  3. open and show them
    """
    talk = _there(conversation_id)
    if request.method != "POST":
        return redirect("admin:conversation", conversation_id=conversation_id)
    asked = _versions(request)
    messages = transcript.messages_at(conversation_id, talk.child_id, asked, talk.found)
    own = [message for message in messages if not message.is_foreign]
    if not own:
        raise PageRefused(
            HTTPStatus.NOT_FOUND, "None of these is a message of this child’s."
        )
    versions = [message.version for message in own]
    named = transcript.object_of(conversation_id, versions)
    looks_at(request, [talk.child_id], named)
    return _show(request, talk, _opened(request, own, talk.reveals), None)


def _there(conversation_id: str) -> TalkRow:
    found = talk_of(conversation_id)
    if found is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "There is no such conversation, or it is not known here yet.",
            "Look it up by its whole id: what was recorded a moment ago follows soon.",
        )
    return found


def _versions(request: HttpRequest) -> list[int]:
    """Of one message by its button, or of all of a page. Raises `PageRefused`."""
    one = request.POST.getlist("version")
    typed = one or request.POST.get("all", "").split(",")
    digits = [text for text in typed if text.isascii() and text.isdigit()]
    versions = sorted({int(text) for text in digits if 0 < len(text) < 10})
    if not versions or len(typed) > MOST_AT_ONCE or len(digits) != len(typed):
        raise PageRefused(
            HTTPStatus.BAD_REQUEST,
            f"The form names one message, or up to {MOST_AT_ONCE} of a page.",
            "Send the form on the conversation’s page.",
        )
    return versions


def _opened(
    request: HttpRequest, messages: Sequence[Message], reveals: Sequence[Reveal]
) -> list[Turn]:
    opener, types = opener_for(request), registry()
    events = [message.event for message in messages if message.event is not None]
    try:
        prepare(opener, events)
        found = [opened(event, types, opener) for event in events]
    except KeyStoreUnavailable:
        silent = "the key store does not answer"
        return [Turn(one, _of(one, reveals), trouble=silent) for one in messages]
    return [
        Turn(one, _of(one, reveals), _text(event.data), event.withheld)
        for one, event in zip(messages, found, strict=True)
    ]


def _text(data: Mapping[str, Any]) -> str | None:
    text = data.get("text")
    return text if isinstance(text, str) else None


def _of(message: Message, reveals: Sequence[Reveal]) -> Sequence[Reveal]:
    return [one for one in reveals if one.covers(message.version)][:1]


def _show(
    request: HttpRequest,
    talk: TalkRow,
    turns: Sequence[Turn],
    page: Page[Message] | None,
) -> HttpResponse:
    """page: None for what was revealed."""
    hidden = [
        str(turn.message.version) for turn in turns if not turn.message.is_foreign
    ]
    is_part = page is None or page.next is not None or page.previous is not None
    viewer = viewer_of(request)
    context: dict[str, Any] = {
        "title": talk.conversation_id,
        "trail": [
            Step("Children", reverse("admin:children")),
            Step(talk.child_id, reverse("admin:child", args=[talk.child_id])),
        ],
        "talk": talk,
        "turns": turns,
        "unplaced": () if is_part else _unplaced(talk.found, turns),
        "is_revealed": page is None,
        "may_reveal": page is not None and viewer.may(Capability.REVEAL),
        "may_see_events": viewer.may(Capability.SEE_PAYLOADS),
        "all_versions": ",".join(hidden),
        "pager": page
        and Pager(page, query_without_cursor(request), "Earlier", "Later"),
    }
    return show(request, "audit/conversations/conversation.html", context)


def _unplaced(found: Sequence[Found], turns: Sequence[Turn]) -> Sequence[Found]:
    """Violations whose message the detector did not name, or which is none of the conversation's."""
    placed = {one.violation_id for turn in turns for one in turn.message.found}
    return [one for one in found if one.violation_id not in placed]
