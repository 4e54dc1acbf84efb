"""What the rules of the Teddy domain refuse. Codes are stable; a docstring's first line is the message.

DomainError
├── ChildAlreadyRegistered, ChildNotRegistered
├── ViolationAlreadyDetected, ViolationUnknown
├── ViolationAlreadyAcknowledged, ViolationNotAcknowledged
├── ViolationClaimed, ViolationNotClaimed
├── ViolationAlreadyEscalated, ViolationNotProposed
├── ViolationResolved, ViolationNotResolved
├── ConversationAlreadyStarted, ConversationNotStarted, ConversationIsOver
├── ParentAlreadyRegistered, ParentNotRegistered
├── ConsentAlreadyGranted, ConsentNotGranted
├── ErasureAlreadyRequested
├── ApprovalWaiting, ApprovalNotWaiting, ApprovalExpiredAlready
├── ApprovalNotApproved
└── ApprovalByRequester, ApprovalNotTheirs
"""

from __future__ import annotations

from eventstore.aggregates import DomainError


class ChildAlreadyRegistered(DomainError):
    """The child is registered; its profile can be updated."""

    code = "child-already-registered"


class ChildNotRegistered(DomainError):
    """The child is not registered yet: register it first."""

    code = "child-not-registered"


class ViolationAlreadyDetected(DomainError):
    """A violation with this id was recorded before; another one takes another id."""

    code = "violation-already-detected"


class ViolationUnknown(DomainError):
    """No violation with this id was ever detected for this child."""

    code = "violation-unknown"


class ViolationAlreadyAcknowledged(DomainError):
    """The violation was acknowledged before."""

    code = "violation-already-acknowledged"


class ViolationNotAcknowledged(DomainError):
    """A violation is acknowledged before it is resolved."""

    code = "violation-not-acknowledged"


class ViolationClaimed(DomainError):
    """An officer works on the violation; it must be released first."""

    code = "violation-claimed"


class ViolationNotClaimed(DomainError):
    """Only the officer who claimed a violation can release it."""

    code = "violation-not-claimed"


class ViolationAlreadyEscalated(DomainError):
    """The violation was escalated to this level before."""

    code = "violation-already-escalated"


class ViolationNotProposed(DomainError):
    """No decision waits for a second person here."""

    code = "violation-not-proposed"


class ViolationResolved(DomainError):
    """The violation is resolved; to go on with it, reopen it."""

    code = "violation-resolved"


class ViolationNotResolved(DomainError):
    """Only a resolved violation can be reopened."""

    code = "violation-not-resolved"


class ConversationAlreadyStarted(DomainError):
    """The conversation has begun; another one takes another id."""

    code = "conversation-already-started"


class ConversationNotStarted(DomainError):
    """The conversation has not begun: start it first."""

    code = "conversation-not-started"


class ConversationIsOver(DomainError):
    """The conversation has ended, and nothing is said in it any more."""

    code = "conversation-is-over"


class ParentAlreadyRegistered(DomainError):
    """The parent is registered."""

    code = "parent-already-registered"


class ParentNotRegistered(DomainError):
    """The parent is not registered yet: register it first."""

    code = "parent-not-registered"


class ConsentAlreadyGranted(DomainError):
    """This is allowed already, under the same version of the policy."""

    code = "consent-already-granted"


class ConsentNotGranted(DomainError):
    """This is not allowed, so it cannot be withdrawn."""

    code = "consent-not-granted"


class ErasureAlreadyRequested(DomainError):
    """The erasure of this child was requested before."""

    code = "erasure-already-requested"


class ApprovalWaiting(DomainError):
    """A second person has been asked already, and has not answered."""

    code = "approval-waiting"


class ApprovalNotWaiting(DomainError):
    """Nothing waits for a second person here: it was decided, withdrawn, or never asked for."""

    code = "approval-not-waiting"


class ApprovalExpiredAlready(DomainError):
    """Nobody answered in time; it can be asked for anew."""

    code = "approval-expired"


class ApprovalNotApproved(DomainError):
    """Only what a second person has agreed to is carried out."""

    code = "approval-not-approved"


class ApprovalByRequester(DomainError):
    """Nobody decides what they asked for themself, whatever their role."""

    code = "approval-by-requester"


class ApprovalNotTheirs(DomainError):
    """Only who asked can withdraw it."""

    code = "approval-not-theirs"
