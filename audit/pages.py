"""Every page of the console, in the order of the navigation. A page that is not in this list is not there.

How to add one: CONTRIBUTING.md, "Add a page".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.access import Capability
from audit.access_ledger import pages as access_ledger
from audit.approvals.pages import approvals
from audit.children.moment import child_as_of
from audit.children.pages import children
from audit.children.timeline import child
from audit.conversations.pages import conversation, reveal
from audit.events import pages as events
from audit.find.pages import find
from audit.frame.page import (
    Acting,
    Appending,
    Asking,
    Checking,
    Choosing,
    Foreign,
    Navigation,
    Page,
    Revealing,
    Shows,
    Within,
)
from audit.frame.purposes import purpose
from audit.jobs.pages import jobs
from audit.overview.pages import overview
from audit.preferences.pages import time_zone
from audit.streams import pages as streams
from audit.streams.verifying import verify
from audit.subscriptions import pages as subscriptions
from audit.subscriptions.acts import act, recorded
from audit.violations import one as one_violation
from audit.violations import pages as violations

if TYPE_CHECKING:
    from audit.frame.page import Listed

_WORK, _RECORDS, _OPERATIONS = "Work", "Records", "Operations"

PAGES: Final[tuple[Listed, ...]] = (
    Page(
        "index",
        "",
        overview,
        Capability.ENTER,
        Navigation(_WORK, "Today", "home", "t"),
    ),
    Page(
        "violations",
        "violations/",
        violations.violations,
        Capability.SEE_CHILDREN,
        Navigation(_WORK, "Safety violations", "shield", "v"),
        shows=Shows.LIST,
    ),
    Page(
        "violations_record",
        "violations/record/",
        violations.violations_record,
        Capability.ENTER,
        Within("violations"),
    ),
    Page(
        "violation",
        "violations/<str:child_id>/case/<path:violation_id>/",
        one_violation.violation,
        Capability.SEE_CHILDREN,
        Within("violations"),
        shows=Shows.VIEW,
    ),
    Page(
        "violation_reveal",
        "violations/<str:child_id>/reveal/<path:violation_id>/",
        one_violation.violation_reveal,
        Capability.REVEAL,
        Within("violations"),
        Revealing(),
        shows=Shows.REVEAL,
    ),
    Page(
        "violation_act",
        "violations/<str:child_id>/do/<str:act>/<path:violation_id>/",
        one_violation.violation_act,
        Capability.SEE_CHILDREN,
        Within("violations"),
        Appending(),
        shows=Shows.VIEW,
    ),
    Page(
        "approvals",
        "approvals/",
        approvals,
        Capability.SEE_CHILDREN,
        Navigation(_WORK, "Second person", "two", "p"),
        shows=Shows.LIST,
    ),
    Page("purpose", "purpose/", purpose, Capability.SEE_CHILDREN, None, Choosing()),
    Page("time_zone", "time-zone/", time_zone, Capability.ENTER, None, Choosing()),
    Page(
        "find",
        "find/",
        find,
        Capability.SEE_CHILDREN,
        None,
        Asking(),
        shows=Shows.LIST,
    ),
    Page(
        "children",
        "children/",
        children,
        Capability.SEE_CHILDREN,
        Navigation(_RECORDS, "Children", "person", "c"),
        shows=Shows.LIST,
    ),
    Page(
        "child",
        "children/<str:child_id>/",
        child,
        Capability.SEE_CHILDREN,
        Within("children"),
        shows=Shows.VIEW,
    ),
    Page(
        "child_as_of",
        "children/<str:child_id>/as-of/",
        child_as_of,
        Capability.SEE_CHILDREN,
        Within("children"),
        Revealing(),
        shows=Shows.VIEW,
    ),
    Page(
        "conversation",
        "conversations/<str:conversation_id>/",
        conversation,
        Capability.SEE_CHILDREN,
        Within("children"),
        shows=Shows.VIEW,
    ),
    Page(
        "reveal",
        "conversations/<str:conversation_id>/reveal/",
        reveal,
        Capability.REVEAL,
        Within("children"),
        Revealing(),
        shows=Shows.REVEAL,
    ),
    Page(
        "streams",
        "streams/",
        streams.streams,
        Capability.SEE_PAYLOADS,
        Navigation(_RECORDS, "Streams", "box", "s"),
        shows=Shows.LIST,
    ),
    Page(
        "stream",
        "streams/<str:stream_id>/",
        streams.stream,
        Capability.SEE_PAYLOADS,
        Within("streams"),
        shows=Shows.VIEW,
    ),
    Page(
        "stream_verify",
        "streams/<str:stream_id>/verify/",
        verify,
        Capability.SEE_PAYLOADS,
        Within("streams"),
        Checking(),
        shows=Shows.VIEW,
    ),
    Page(
        "events",
        "events/",
        events.events,
        Capability.SEE_PAYLOADS,
        Navigation(_RECORDS, "Events", "list", "e"),
        shows=Shows.LIST,
    ),
    Page(
        "event",
        "events/<str:topic>/<int:partition>/<int:offset>/<int:index>/",
        events.event,
        Capability.SEE_PAYLOADS,
        Within("events"),
        shows=Shows.VIEW,
    ),
    Page(
        "ledger",
        "ledger/",
        access_ledger.ledger,
        Capability.SEE_CHILDREN,
        Navigation(_RECORDS, "Access ledger", "eye", "l"),
        Asking(),
        shows=Shows.LIST,
    ),
    Page(
        "ledger_of_child",
        "ledger/persons/<str:child_id>/",
        access_ledger.ledger_of_child,
        Capability.SEE_LEDGER,
        Within("ledger"),
        shows=Shows.LIST,
    ),
    Page(
        "ledger_of_officer",
        "ledger/accounts/<str:actor>/",
        access_ledger.ledger_of_officer,
        Capability.SEE_CHILDREN,
        Within("ledger"),
        shows=Shows.LIST,
    ),
    Page(
        "subscriptions",
        "subscriptions/",
        subscriptions.subscriptions,
        Capability.ENTER,
        Navigation(_OPERATIONS, "Subscriptions", "follow", "u"),
    ),
    Page(
        "subscription",
        "subscriptions/<str:name>/",
        subscriptions.subscription,
        Capability.ENTER,
        Within("subscriptions"),
    ),
    Page(
        "subscription_act",
        "subscriptions/<str:name>/<str:act>/",
        act,
        Capability.OPERATE,
        Within("subscriptions"),
        Acting(recorded),
    ),
    Page(
        "jobs",
        "jobs/",
        jobs,
        Capability.ENTER,
        Navigation(_OPERATIONS, "Jobs", "clock", "j"),
    ),
    Foreign(
        "auth_user_changelist",
        Capability.MANAGE_ACCOUNTS,
        Navigation(_OPERATIONS, "Accounts", "person", "a"),
    ),
)
