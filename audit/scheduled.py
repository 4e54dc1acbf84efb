"""What the console has run by itself: `EVENTSTORE["JOBS"]` names these. docs/guide/JOBS.md has a row of each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from audit.approvals.finishing import finish
from audit.violations.acts import close_as_agreed
from audit.violations.escalation import escalate
from audit.violations.unasked import ask_for_all
from eventstore.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.approvals.asking import Deed
    from eventstore.jobs import Counts

DEEDS: Final[Mapping[str, Deed]] = {"close_violation": close_as_agreed}
"""What is done when a second person has agreed, by the kind of request."""


def finish_approvals() -> Counts:
    """What a process left half done that died behind an answer, and requests whose time is over."""
    return {"asked": ask_for_all(), **finish(DEEDS)}


ESCALATE: Final = Job(
    "escalate_violations",
    timedelta(seconds=30),
    "violations that wait for a decision",
    escalate,
)
FINISH: Final = Job(
    "finish_approvals",
    timedelta(minutes=1),
    "requests for a second person",
    finish_approvals,
)
