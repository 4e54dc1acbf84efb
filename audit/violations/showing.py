"""One violation, as its page shows it: to read, behind an act that was refused, and with what was revealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse

from audit.access import viewer_of
from audit.columns.naming import named
from audit.columns.urgency import severity_chip
from audit.formats import duration
from audit.frame.refusals import PageRefused
from audit.frame.showing import Step as Trail
from audit.frame.showing import show
from audit.violations import queries, words
from audit.violations.context import context_of
from audit.violations.offering import offered
from audit.violations.second import closing
from audit.violations.steps import told
from teddy_es.domain.violations import FOUR_EYES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from audit.access import Viewer
    from audit.violations.acts import Case
    from audit.violations.context import Context
    from audit.violations.offering import Refused
    from audit.violations.queries import Known, QueueRow


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the viewer has had opened: the messages among the others, and what was written with steps, by version."""

    context: Context | None = None
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
    viewer, row = viewer_of(request), known.row
    context = {
        **_about(row, viewer),
        **_closed(known, viewer),
        "context": revealed.context
        or context_of(case.child_id, row.conversation_id, row.message_id),
        "steps": told(known, viewer, revealed.notes),
        "has_more_steps": len(known.steps) == queries.MOST_STEPS,
        "refused": refused,
        "behind": queries.behind_since(),
        **offered(viewer, known, refused),
    }
    context["typed"] = _typed(refused, context)
    status = refused.status if refused else HTTPStatus.OK
    return show(request, "audit/violations/violation.html", context, status)


def _about(row: QueueRow, viewer: Viewer) -> dict[str, Any]:
    return {
        "title": words.said(row.category),
        "here": row.violation_id,
        "trail": [Trail("Safety violations", reverse("admin:violations"))],
        "row": row,
        "severity": severity_chip(row.severity),
        "state": words.state_chip(row, viewer),
        "besides": words.beside_state(row, viewer),
        "left": words.left(row, viewer.now),
        "marks": (0.5,),
        "period": None if row.period_s is None else duration(row.period_s),
        "claimed_by": named(row.claimed_by, viewer),
        "seen_by": named(row.acknowledged_by, viewer),
        "outcome": words.OUTCOMES.get(row.outcome or "", ""),
        "needs_two": row.severity in FOUR_EYES,
    }


def _closed(known: Known, viewer: Viewer) -> dict[str, Any]:
    """Who closed it: of what two persons closed both, each with their moment. What stands there of steps that are left out is not known."""
    row, closed = known.row, None if known.row.is_open else closing(known)
    proposal, answer = (closed.proposal, closed.answer) if closed else (None, None)
    return {
        "decided_by": named(row.decided_by, viewer),
        "decided_as": proposal,
        "agreed": answer,
        "agreed_by": named(answer.by if answer else None, viewer),
    }


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
