"""Families in the Teddy domain's streams, and the read models that follow them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from eventstore.clock import SystemClock
from eventstore.events import Expected, NewEvent
from eventstore.management.roster import roster
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from teddy_es.domain.access import DataAccessed
from teddy_es.domain.approval import ApprovalRequested
from teddy_es.domain.child import ChildRegistered
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationStarted,
)
from teddy_es.domain.parent import ConsentGranted, ConsentWithdrawn
from teddy_es.domain.violations import SafetyViolationDetected
from tests.support.following import follow

if TYPE_CHECKING:
    from eventstore.events import AppendResult
    from eventstore.store import EventStore

ALL = (
    "children",
    "conversations",
    "violations",
    "consents",
    "accesses",
    "facts",
    "screenings",
    "approvals",
    "hours",
)


@dataclass
class Families:
    """Writes what happens to them, and has the read models handle it."""

    store: EventStore

    def happens(self, stream_id: str, *events: Any, **when: Any) -> AppendResult:
        """These events, whatever the stream's version."""
        new = [NewEvent(event, **when) for event in events]
        return self.store.append(stream_id, new, Expected.ANY)

    def registers(self, child: str, parent: str, **fields: Any) -> AppendResult:
        """A parent registers a child."""
        event = ChildRegistered(parent_id=parent, name="Mia", **fields)
        return self.happens(f"child.{child}", event)

    def talks(self, conversation: str, child: str, *texts: str) -> AppendResult:
        """A conversation begins, and the child says these."""
        said = [ChildSpoke(child_id=child, text=text) for text in texts]
        return self.happens(
            f"conversation.{conversation}", ConversationStarted(child_id=child), *said
        )

    def detects(self, child: str, violation: str, **fields: Any) -> AppendResult:
        """Something is found."""
        given = {"category": "bullying", "severity": "high", "detector": "rules/3"}
        event = SafetyViolationDetected(violation_id=violation, **given | fields)
        return self.happens(f"child.{child}", event)

    def allows(
        self, parent: str, child: str, scope: Any = "conversation", policy: str = "1"
    ) -> AppendResult:
        """A consent."""
        event = ConsentGranted(child_id=child, scope=scope, policy_version=policy)
        return self.happens(f"parent.{parent}", event)

    def withdraws(self, parent: str, child: str, scope: Any = "conversation") -> None:
        """Not any more."""
        self.happens(f"parent.{parent}", ConsentWithdrawn(child_id=child, scope=scope))

    def asks(self, approval: str, *answers: Any, **fields: Any) -> AppendResult:
        """Somebody asks for a second person, and gets these answers."""
        given: dict[str, Any] = {
            "kind": "close_violation",
            "object": "child.c-1/v-1",
            "requested_by": "ada",
            "expires_at": SystemClock().now() + timedelta(hours=1),
            "reason": "",
        }
        asked = ApprovalRequested(**given | fields)
        return self.happens(f"approval.{approval}", asked, *answers)

    def looks(self, actor: str, *subjects: str, **fields: Any) -> AppendResult:
        """Somebody sees data of these."""
        given = {"actor_kind": "officer", "kind": "view", "purpose": "audit"}
        event = DataAccessed(actor=actor, subjects=list(subjects), **given | fields)
        return self.happens(f"access.{actor}", event)


def handle(*names: str) -> None:
    """Have these read models handle all that there is; all of them, if none is named."""
    clock = SystemClock()
    for name in names or ALL:
        follow(follower_of(name, clock))


def follower_of(name: str, clock: Any = None, **given: Any) -> Follower:
    """One that is registered."""
    clock = clock or SystemClock()
    subscription = roster()[name]
    register(subscription, clock)
    return Follower(subscription, clock, random.Random(1), **given)  # noqa: S311
