"""The read models of people a second time, as a version that would be built beside the one that is read."""

from __future__ import annotations

from audit.people.accesses import Accesses
from audit.people.approvals import Approvals
from audit.people.children import Children
from audit.people.consents import Consents
from audit.people.conversations import Conversations
from audit.people.facts import Facts
from audit.people.hours import Hours
from audit.people.screenings import Screenings
from audit.people.violations import Violations


class ChildrenAgain(Children):
    """The same code under a higher number."""

    version = 2


class ConversationsAgain(Conversations):
    """The same code under a higher number."""

    version = 2


class ViolationsAgain(Violations):
    """The same code under a higher number."""

    version = 2


class ConsentsAgain(Consents):
    """The same code under a higher number."""

    version = 2


class AccessesAgain(Accesses):
    """The same code under a higher number."""

    version = 2


class ApprovalsAgain(Approvals):
    """The same code under a higher number."""

    version = 2


class HoursAgain(Hours):
    """The same code under a higher number."""

    version = 2


class FactsAgain(Facts):
    """The same code under a higher number."""

    version = 2


class ScreeningsAgain(Screenings):
    """The same code under a higher number."""

    version = 2


AGAIN = [
    f"{__name__}.{one.__name__}"
    for one in (
        ChildrenAgain,
        ConversationsAgain,
        ViolationsAgain,
        ConsentsAgain,
        AccessesAgain,
        FactsAgain,
        ScreeningsAgain,
        ApprovalsAgain,
        HoursAgain,
    )
]
