"""Load and modify: two at the same time, a conflict, and a decision that is made anew; and the past."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.errors import WrongExpectedVersion
from eventstore.retrying import aretrying
from teddy_es.domain.errors import ConsentAlreadyGranted
from teddy_es.domain.parent import Parent

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.repository import AggregateRepository
    from eventstore.service import EventSourcingService

CHILD = "child-1"


async def run(service: EventSourcingService, tell: Callable[[str], None]) -> None:
    """A parent gives and takes back consents, in two browser windows at once."""
    parents = service.repository_for(Parent)
    parent = Parent(f"example-{uuid4()}")
    parent.register("Noor", "noor@example.org")
    await parents.asave(parent)

    one = await parents.aload(parent.aggregate_id)
    other = await parents.aload(parent.aggregate_id)
    one.grant_consent(CHILD, "conversation", "2026-01")
    other.grant_consent(CHILD, "voice_recording", "2026-01")
    await parents.asave(one)
    try:
        await parents.asave(other)
    except WrongExpectedVersion as error:
        tell(f"the second window was too late: {error}")

    await aretrying(
        parents,
        parent.aggregate_id,
        lambda now: now.grant_consent(CHILD, "voice_recording", "2026-01"),
    )
    tell("decided anew on what is there now, it was accepted")

    await _withdraw(parents, parent.aggregate_id, tell)
    await _look_back(parents, parent.aggregate_id, tell)


async def _withdraw(
    parents: AggregateRepository[Parent], parent_id: str, tell: Callable[[str], None]
) -> None:
    now = await parents.aload(parent_id)
    try:
        now.grant_consent(CHILD, "conversation", "2026-01")
    except ConsentAlreadyGranted as refusal:
        tell(f"the rules refuse: {refusal} ({refusal.code})")
    now.withdraw_consent(CHILD, "voice_recording")
    await parents.asave(now)


async def _look_back(
    parents: AggregateRepository[Parent], parent_id: str, tell: Callable[[str], None]
) -> None:
    now = await parents.aload(parent_id)
    for version in range(1, now.version + 1):
        then = await parents.aload(parent_id, version=version)
        allowed = ", ".join(sorted(then.state.consents.get(CHILD, {}))) or "nothing"
        tell(f"at version {version} the parent allowed {allowed}")
