"""What two persons closed: who proposed it, who agreed, and when each of them did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.approvals.answers import Answer
    from audit.violations.queries import Known, Step

PROPOSED: Final = "SafetyViolationDecisionProposed"
REFUSED: Final = "SafetyViolationDecisionRefused"
RESOLVED: Final = "SafetyViolationResolved"
_ESCALATED: Final = "SafetyViolationEscalated"


@dataclass(frozen=True, slots=True)
class Closing:
    """A decision that stands in the log. proposal: what somebody agreed to; None where one person decided.

    answer: of the second person; None where the read model does not have it yet.
    """

    step: Step
    proposal: Step | None
    answer: Answer | None


def answers_to(known: Known) -> Sequence[Answer]:
    """Every one that was ever given about the case."""
    return known.request.answers if known.request else ()


def closing_of(step: Step, known: Known) -> Closing:
    """step: of the decision. It carries out what was proposed if nobody did anything in between."""
    acts = [one for one in known.steps if is_act(one) and one.version < step.version]
    if not acts or acts[-1].name != PROPOSED:
        return Closing(step, None, None)
    proposal = acts[-1]
    agreed = (
        one
        for one in answers_to(known)
        if one.about == proposal.version and one.decision == "approved"
    )
    return Closing(step, proposal, next(agreed, None))


def closing(known: Known) -> Closing | None:
    """Of a case that is closed, as far as its decision is among the steps."""
    decisions = [step for step in known.steps if step.name == RESOLVED]
    return closing_of(decisions[-1], known) if decisions else None


def is_act(step: Step) -> bool:
    """Whether somebody did it, or a detector: not the clock."""
    return step.name != _ESCALATED or step.said == "manual"


def place_of(answer: Answer, steps: Sequence[Step]) -> int:
    """Before which of the steps it stands: behind its proposal and what the clock did until then. The two streams have no order but this."""
    for n, step in enumerate(steps):
        is_behind = answer.about is not None and step.version > answer.about
        if is_behind and (is_act(step) or step.recorded_at > answer.at):
            return n
    return len(steps)


def is_told_by_a_step(answer: Answer, known: Known) -> bool:
    """Whether the step behind the proposal says the same: a refusal with its reason stands in the child's stream, too."""
    behind = [
        one
        for one in known.steps
        if is_act(one) and answer.about is not None and one.version > answer.about
    ]
    return bool(behind) and behind[0].name == REFUSED and behind[0].by == answer.by
