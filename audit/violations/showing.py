"""One violation, as its page shows it: to read, behind an act that was refused, and with what was revealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse

from audit.access import Capability, actor_of, viewer_of
from audit.formats import duration
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step as Trail
from audit.frame.showing import show
from audit.violations import queries, words
from audit.violations.context import context_of
from audit.violations.forms import FORMS
from audit.violations.steps import outcome_of, told
from teddy_es.domain.violations import FOUR_EYES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from audit.access import Viewer
    from audit.violations.acts import Case
    from audit.violations.forms import SeenForm
    from audit.violations.queries import Known, QueueRow, Request, Step
    from eventstore.ports import Opener


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an act was not done: in a sentence, with what others did meanwhile. form: what was typed, for the act of this name."""

    sentence: str
    act: str = ""
    form: SeenForm | None = None
    meanwhile: Sequence[tuple[str, datetime]] = ()
    status: HTTPStatus = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the viewer has had opened: the versions of messages, and what was written with steps, by version."""

    opener: Opener | None = None
    messages: Collection[int] = ()
    notes: Mapping[int, str] = field(default_factory=dict)


_NOTHING: Final = Revealed()


def found(case: Case) -> Known:
    """Raises `PageRefused` where there is no such violation."""
    known = queries.case(case.child_id, case.violation_id)
    if known is None:
        raise PageRefused(
            HTTPStatus.NOT_FOUND,
            "No such violation is known of this child.",
            "A violation’s id is unique within its child; upper and lower case are as written.",
        )
    return known


def show_case(
    request: HttpRequest,
    case: Case,
    known: Known,
    *,
    refused: Refused | None = None,
    revealed: Revealed = _NOTHING,
) -> HttpResponse:
    """The page. That it is shown was recorded before."""
    viewer = viewer_of(request)
    row, steps, asked = known.row, known.steps, _asked(known)
    context = {
        "title": words.said(row.category),
        "here": row.violation_id,
        "trail": [Trail("Safety violations", reverse("admin:violations"))],
        "row": row,
        "severity": words.severity_chip(row.severity),
        "state": words.state_chip(row, viewer),
        "left": words.left(row, viewer.now),
        "marks": (0.5,),
        "period": None if row.period_s is None else duration(row.period_s),
        "context": context_of(
            case.child_id,
            row.conversation_id,
            row.message_id,
            revealed=revealed.messages,
            opener=revealed.opener,
        ),
        "steps": told(steps, viewer, revealed.notes),
        "has_more_steps": len(steps) == queries.MOST_STEPS,
        "refused": refused,
        "behind": queries.behind_since(),
        **_acts(viewer, row, steps, asked, refused),
    }
    context["typed"] = _typed(refused, context)
    status = refused.status if refused else HTTPStatus.OK
    return show(request, "audit/violations/violation.html", context, status)


_SHOWN_BY: Final[Mapping[str, str]] = {
    "decide": "may_decide",
    "reopen": "may_reopen",
    "refuse": "may_answer",
}


def _typed(refused: Refused | None, context: Mapping[str, Any]) -> str:
    """What was typed into a form that the page does not have any more."""
    if refused is None or refused.form is None:
        return ""
    if context.get(_SHOWN_BY.get(refused.act, "")):
        return ""
    return str(refused.form.data.get("note", ""))


def _asked(known: Known) -> Request | None:
    """The request that was made for the proposal that stands; None if no proposal does, or nobody was asked yet."""
    newest, version = known.request, known.row.proposal_version
    is_its = newest and version is not None and newest.object_version == version
    return newest if is_its else None


def _acts(
    viewer: Viewer,
    row: QueueRow,
    steps: Sequence[Step],
    asked: Request | None,
    refused: Refused | None,
) -> dict[str, Any]:
    """What the viewer may do here now, each with its form. Whether it can still be done the aggregate says when it is sent."""
    me = actor_of(viewer.user)
    waits = asked is not None and asked.state == "waiting"
    is_over = waits and asked is not None and asked.expires_at <= viewer.now
    is_mine = asked is not None and asked.requested_by == me
    decides = viewer.may(Capability.DECIDE)
    claimable = row.claimed_by is None
    return {
        "forms": {name: _form(name, row, asked, refused) for name in FORMS},
        "may_acknowledge": decides and row.is_open and row.acknowledged_by is None,
        "may_claim": decides and row.is_open and claimable and not waits,
        "may_give_back": decides and row.claimed_by == me and not waits,
        "may_decide": decides
        and row.is_open
        and not waits
        and row.claimed_by in {None, me},
        "may_reopen": decides and not row.is_open,
        "may_answer": viewer.may(Capability.APPROVE)
        and waits
        and not is_mine
        and not is_over,
        "may_withdraw": decides and waits and is_mine,
        "may_ask_again": decides
        and row.proposal_version is not None
        and row.is_open
        and not waits
        and (asked is None or asked.state in {"withdrawn", "expired"}),
        "needs_two": row.severity in FOUR_EYES,
        "asked": asked,
        "asked_by": words.person(asked.requested_by if asked else None, viewer),
        "is_over": is_over,
        "is_mine": is_mine,
        "claimed_by": words.person(row.claimed_by, viewer),
        "decided_by": words.person(row.decided_by, viewer),
        "outcome": words.OUTCOMES.get(row.outcome or "", ""),
        "proposal": outcome_of(row, steps),
        "proposed": words.OUTCOMES.get(_proposed(row, steps), ""),
    }


def _proposed(row: QueueRow, steps: Sequence[Step]) -> str:
    proposal = outcome_of(row, steps)
    return (proposal.said or "") if proposal else ""


def _form(
    name: str, row: QueueRow, asked: Request | None, refused: Refused | None
) -> SeenForm:
    """What was typed, if it was sent and not done; else an empty one, for what the page shows now."""
    if refused is not None and refused.act == name and refused.form is not None:
        return refused.form
    is_about_proposal = name in {"approve", "refuse", "withdraw", "ask-again"}
    seen = row.proposal_version if is_about_proposal else row.act_version
    return FORMS[name](
        initial={"seen": seen, "request": asked.version if asked else None},
        auto_id=f"{name}-%s",
    )
