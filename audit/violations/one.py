"""One violation's page, what officers do there, and what they have opened."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import QueryDict
from django.shortcuts import redirect

from audit.access import Capability, actor_of, viewer_of
from audit.approvals.asking import NotFinished, RequestMoved
from audit.frame.answering import refuse_without
from audit.frame.page import Shows
from audit.frame.refusals import PageRefused
from audit.looking import looks_at, opener_for
from audit.transcript import object_of
from audit.violations import acts
from audit.violations.acts import Case, Decided, Overtaken
from audit.violations.catching_up import has_caught_up
from audit.violations.columns import address
from audit.violations.context import context_of, opened_text, revealed
from audit.violations.forms import FORMS
from audit.violations.offering import Refused
from audit.violations.showing import Revealed, found, show_case
from audit.violations.steps import meanwhile
from eventstore.aggregates import DomainError
from eventstore.errors import EventStoreError, KeyStoreUnavailable, SubjectErased
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from django.http import HttpRequest, HttpResponse

    from audit.violations.context import Context
    from audit.violations.forms import SeenForm
    from audit.violations.queries import QueueRow, Step
    from eventstore.ports import Opener

_MOST_NOTES: Final = 50


def violation(
    request: HttpRequest, *, child_id: str, violation_id: str
) -> HttpResponse:
    """Its clock, what was said round it, what was done about it, and what can be done."""
    case = Case(child_id, violation_id)
    known = found(case)
    looks_at(request, [child_id], case.stream_id)
    return show_case(request, case, known)


def violation_reveal(
    request: HttpRequest, *, child_id: str, violation_id: str
) -> HttpResponse:
    """The same page with one message, all of them, or the notes opened; recorded before. A GET, as of a bookmark, opens nothing."""
    if request.method != "POST":
        return redirect(address(child_id, violation_id))
    case = Case(child_id, violation_id)
    known = found(case)
    wanted = _wanted(request)
    try:
        if wanted == _NOTES:
            looks_at(request, [child_id], case.stream_id, Shows.REVEAL)
            notes = _notes(case, known.steps, opener_for(request))
            return show_case(request, case, known, revealed=Revealed(notes=notes))
        context = _revealed(request, known.row, wanted)
        return show_case(request, case, known, revealed=Revealed(context))
    except KeyStoreUnavailable:
        return show_case(request, case, known, refused=_NO_KEYS)


def _revealed(request: HttpRequest, row: QueueRow, wanted: Container[int]) -> Context:
    """1. which messages  2. it is recorded who opens them; without that nothing is opened  3. open them"""
    talk = row.conversation_id
    context = context_of(row.child_id, talk, row.message_id)  # 1
    versions = context.own(wanted)
    if talk is None or not versions:
        raise PageRefused(
            HTTPStatus.NOT_FOUND, "None of these is a message of this child’s."
        )
    looks_at(request, [row.child_id], object_of(talk, versions), Shows.REVEAL)  # 2
    return revealed(context, versions, opener_for(request))  # 3


def violation_act(
    request: HttpRequest, *, child_id: str, act: str, violation_id: str
) -> HttpResponse:
    """Do what the form asks for; if it cannot be done, the page says why, with everything that was typed."""
    if act not in FORMS:
        raise PageRefused(HTTPStatus.NOT_FOUND, "There is no such act.")
    _refuse_act(request, act)
    if request.method != "POST":
        return redirect(address(child_id, violation_id))
    case = Case(child_id, violation_id)
    form = FORMS[act](request.POST, auto_id=f"{act}-%s")
    if not form.is_valid():
        return _again(request, case, _invalid(act, form))
    became = _done(request, case, act, form)
    if isinstance(became, Refused):
        return _again(request, case, became)
    _tell(request, case, act, became)
    return redirect(address(child_id, violation_id))


def _done(
    request: HttpRequest, case: Case, act: str, form: SeenForm
) -> Refused | object:
    """What became of it; if nothing was recorded, why."""
    try:
        return _DO[act](case, actor_of(request.user), form.cleaned_data)
    except NotFinished:
        return _ANSWERED
    except Overtaken as overtaken:
        return _overtaken(request, act, overtaken)
    except RequestMoved:
        sentence = "Somebody else answered, or the request was changed, while this page was open. Nothing was recorded."
        return Refused(sentence, act, form)
    except DomainError as error:
        return Refused(f"{error} Nothing was recorded.", act, form)
    except EventStoreError as error:
        return _trouble(act, form, error)


_NO_KEYS: Final = Refused(
    "The key store does not answer, so nothing can be opened. What was said is there: try again in a moment.",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
)


def _refuse_act(request: HttpRequest, act: str) -> None:
    answers = act in {"approve", "refuse"}
    refuse_without(request, Capability.APPROVE if answers else Capability.DECIDE)


def _again(request: HttpRequest, case: Case, refused: Refused) -> HttpResponse:
    known = found(case)
    looks_at(request, [case.child_id], case.stream_id)
    return show_case(request, case, known, refused=refused)


def _invalid(act: str, form: SeenForm) -> Refused:
    sentence = "Something is missing in the form; nothing was recorded."
    return Refused(sentence, act, form, status=HTTPStatus.BAD_REQUEST)


def _overtaken(request: HttpRequest, act: str, overtaken: Overtaken) -> Refused:
    """What was typed stays, for the version that the officer has heard of now: who sends it again does so knowing that."""
    viewer = viewer_of(request)
    if not overtaken.done:
        sentence = "This form is of a state that is not there. Nothing was recorded."
        return Refused(sentence, act, FORMS[act](request.POST, auto_id=f"{act}-%s"))
    typed = QueryDict(mutable=True)
    typed.update(request.POST)
    typed["seen"] = str(overtaken.done[-1].metadata.version)
    own = actor_of(request.user)
    is_own = all(event.data.get("officer") == own for event in overtaken.done)
    return Refused(
        _YOURSELF if is_own else _QUICKER,
        act,
        FORMS[act](typed, auto_id=f"{act}-%s"),
        meanwhile(overtaken.done, viewer),
    )


_QUICKER: Final = (
    "Somebody was quicker. Nothing of yours was recorded, and what you typed is still here:"
    " read what happened, then send it again or leave it."
)
_YOURSELF: Final = (
    "You did something about it yourself since this page was made, perhaps in another tab. This was not recorded,"
    " and what you typed is still here: send it again or leave it."
)


def _trouble(act: str, form: SeenForm, error: EventStoreError) -> Refused:
    if isinstance(error, SubjectErased):
        return Refused(_ERASED, act, form, status=HTTPStatus.GONE)
    what = (type(error).__doc__ or "").partition("\n")[0]
    sentence = f"{what} What you typed is still here: send it again in a moment. The error’s code is {error.code}."
    return Refused(sentence, act, form, status=HTTPStatus(error.status))


_ERASED: Final = (
    "This child is erased, so nothing that somebody writes about it can be kept, and nothing was recorded."
    " It can be done without a note: tick the box below it."
)


def _tell(request: HttpRequest, case: Case, act: str, became: object) -> None:
    but = _BUT.get((act, became)) if isinstance(became, str) else None
    says = messages.warning if but else messages.success
    done = but or _DONE[_PROPOSED if became == _PROPOSED else act]
    if has_caught_up(case):
        says(request, done)
    else:
        messages.warning(
            request,
            f"{done} This page does not show it yet: reload it in a moment.",
        )


def _decide(case: Case, officer: str, sent: Mapping[str, Any]) -> str | None:
    decided = Decided(sent["outcome"], sent["clause"] or None, sent["note"] or None)
    made = acts.decide(case, officer, decided, seen=sent["seen"])
    return _PROPOSED if made.is_proposed else None


def _answer(decision: Any) -> Callable[[Case, str, Mapping[str, Any]], object]:
    return lambda case, officer, sent: acts.answer(
        case,
        officer,
        decision,
        seen=sent["seen"],
        request_seen=sent["request"] or 0,
        note=sent.get("note", ""),
    )


_DO: Final[Mapping[str, Callable[[Case, str, Mapping[str, Any]], object]]] = {
    "acknowledge": lambda c, who, sent: acts.acknowledge(c, who, seen=sent["seen"]),
    "claim": lambda c, who, sent: acts.claim(c, who, seen=sent["seen"]),
    "give-back": lambda c, who, sent: acts.give_back(c, who, seen=sent["seen"]),
    "decide": _decide,
    "reopen": lambda c, who, sent: acts.reopen(
        c, who, seen=sent["seen"], note=sent["note"] or None
    ),
    "approve": _answer("approved"),
    "refuse": _answer("refused"),
    "withdraw": lambda c, who, sent: acts.withdraw(
        c, who, seen=sent["seen"], request_seen=sent["request"] or 0
    ),
    "ask-again": lambda c, who, sent: acts.ask_again(c, who, seen=sent["seen"]),
}
_PROPOSED: Final = "proposed"
_DONE: Final[Mapping[str, str]] = {
    "acknowledge": "That you have seen it is recorded.",
    "claim": "You have claimed it.",
    "give-back": "You have given it back to the queue.",
    "decide": "Your decision is recorded.",
    _PROPOSED: "Your decision is proposed, and a second person is asked. It stays open until they agree.",
    "reopen": "It is reopened, and its time begins anew.",
    "approve": "You agreed, and it is closed.",
    "refuse": "You did not agree; it stays open.",
    "withdraw": "Your request is withdrawn; it stays open.",
    "ask-again": "A second person is asked.",
}
_ANSWERED: Final = "answered"
_BUT: Final[Mapping[tuple[str, str], str]] = {
    (
        "approve",
        "overtaken",
    ): "You agreed, but it is not closed: somebody did something about it in the same moment. Read what happened.",
    (
        "approve",
        _ANSWERED,
    ): "That you agree is recorded. Closing it did not succeed at once; it is tried again by itself, each minute.",
    (
        "refuse",
        _ANSWERED,
    ): "That you do not agree is recorded, and it stays open. Only the request could not be answered any more; it counts for nothing now.",
}
"""What was recorded, but did not lead to what the act is for."""
_NOTES: Final = "notes"
_ALL: Final = "all"


def _wanted(request: HttpRequest) -> Any:
    """Versions of messages, or `notes`. Raises `PageRefused`; it repeats nothing."""
    asked = request.POST.get("message", "")
    if asked == _NOTES:
        return _NOTES
    if asked == _ALL:
        return range(1, 2**31)
    if asked.isascii() and asked.isdigit() and len(asked) < _DIGITS:
        return [int(asked)]
    raise PageRefused(HTTPStatus.BAD_REQUEST, "Say which message is to be revealed.")


_DIGITS: Final = 10
_FIELDS: Final[Sequence[str]] = ("note", "excerpt", "reason")


def _notes(case: Case, steps: Sequence[Step], opener: Opener) -> Mapping[int, str]:
    """What was written with the newest steps."""
    opened: dict[int, str] = {}
    for step in steps[-_MOST_NOTES:]:
        [event] = get_event_store().read(
            case.stream_id, step.version, step.version, opener=opener
        )
        if event.sealed is None:
            continue
        for name in _FIELDS:
            text, gone = opened_text(event, name)
            if text or gone:
                opened[step.version] = text or gone
                break
    return opened
