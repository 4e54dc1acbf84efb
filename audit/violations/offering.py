"""What somebody may do about a violation now, each with its form; whether it can still be done the aggregate says when it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from audit.access import Capability, actor_of
from audit.columns.naming import named
from audit.roles import ROLES
from audit.violations import words
from audit.violations.forms import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from audit.access import Viewer
    from audit.violations.forms import SeenForm
    from audit.violations.queries import Known, QueueRow, Request, Step


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an act was not done: in a sentence, with what others did meanwhile. form: what was typed, for the act of this name."""

    sentence: str
    act: str = ""
    form: SeenForm | None = None
    meanwhile: Sequence[tuple[str, datetime]] = ()
    status: HTTPStatus = HTTPStatus.CONFLICT

    @property
    def is_of_erased(self) -> bool:
        """Whether the child is erased, so that no note can be kept."""
        return self.status is HTTPStatus.GONE


_ABOUT_PROPOSAL: Final = {"approve", "refuse", "withdraw", "ask-again"}
_APPROVES: Final = Capability.APPROVE
_OVER: Final = {"withdrawn", "expired"}


def offered(viewer: Viewer, known: Known, refused: Refused | None) -> Mapping[str, Any]:
    """What the page's template asks: `may_…`, the forms by their names, and how the request for a second person stands."""
    row, asked, me = known.row, asked_for(known), actor_of(viewer.user)
    proposal = _proposal(row, known.steps)
    waits = asked is not None and asked.state == "waiting"
    is_mine = asked is not None and asked.requested_by == me
    is_own = proposal is not None and proposal.by == me
    is_over = waits and asked is not None and asked.expires_at <= viewer.now
    is_second = waits and not (is_mine or is_own or is_over)
    decides = viewer.may(Capability.DECIDE)
    return {
        "forms": {name: _form(name, row, asked, refused) for name in FORMS},
        "may_answer": viewer.may(Capability.APPROVE) and is_second,
        "who_may": "" if viewer.may(Capability.APPROVE) else _who_may(),
        "may_withdraw": decides and waits and is_mine,
        **(_of_case(row, me, waits=waits) if decides else {}),
        "may_ask_again": decides and row.is_open and _is_unasked(row, asked),
        "asked": asked,
        "asked_by": named(asked.requested_by if asked else None, viewer),
        "is_over": is_over,
        "is_mine": is_mine,
        "is_own": is_own,
        "proposal": proposal,
        "proposed_by": named(proposal.by if proposal else None, viewer),
        "proposed": words.OUTCOMES.get((proposal and proposal.said) or "", ""),
    }


def _who_may() -> str:
    """Whose role lets them answer, in words."""
    roles = [
        f"{role.label.lower()}s" for role, has in ROLES.items() if _APPROVES in has
    ]
    return f"{', '.join(roles[:-1])} and {roles[-1]}"


def asked_for(known: Known) -> Request | None:
    """The request that was made for the proposal that stands; None if no proposal does, or nobody was asked yet."""
    newest, version = known.request, known.row.proposal_version
    is_its = newest and version is not None and newest.object_version == version
    return newest if is_its else None


def _of_case(row: QueueRow, me: str, *, waits: bool) -> dict[str, bool]:
    """While it waits for a second person nothing else is offered: whatever somebody does ends the proposal."""
    is_free = row.is_open and not waits
    return {
        "may_acknowledge": is_free and row.acknowledged_by is None,
        "may_claim": is_free and row.claimed_by is None,
        "may_give_back": is_free and row.claimed_by == me,
        "may_decide": is_free and row.claimed_by in {None, me},
        "may_reopen": not row.is_open,
    }


def _is_unasked(row: QueueRow, asked: Request | None) -> bool:
    return row.proposal_version is not None and (asked is None or asked.state in _OVER)


def _proposal(row: QueueRow, steps: Sequence[Step]) -> Step | None:
    """As far as it is among these."""
    return next((one for one in steps if one.version == row.proposal_version), None)


def _form(
    name: str, row: QueueRow, asked: Request | None, refused: Refused | None
) -> SeenForm:
    """What was typed, if it was sent and not done; else an empty one, for what the page shows now."""
    if refused is not None and refused.act == name and refused.form is not None:
        return refused.form
    seen = row.proposal_version if name in _ABOUT_PROPOSAL else row.act_version
    return FORMS[name](
        initial={"seen": seen, "request": asked.version if asked else None},
        auto_id=f"{name}-%s",
    )
