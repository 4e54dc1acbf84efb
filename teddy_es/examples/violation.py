"""A safety violation, from its detection through its escalation to its resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.context import correlated
from teddy_es.domain.child import Child
from teddy_es.domain.errors import ViolationNotAcknowledged
from teddy_es.domain.violations import SafetyViolationDetected

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from eventstore.bus import Published
    from eventstore.service import EventSourcingService


async def run(service: EventSourcingService, tell: Callable[[str], None]) -> None:
    """What a detector found is escalated, acknowledged, claimed, resolved; and all of it is one story."""
    children = service.repository_for(Child)
    child, story = Child(f"example-{uuid4()}"), uuid4()
    violation = f"v-{uuid4()}"

    def alarm(published: Published) -> None:
        if isinstance(published.event, SafetyViolationDetected):
            tell(
                f"the bus rings: {published.event.category}, {published.event.severity}"
            )

    service.event_bus.subscribe(alarm, SafetyViolationDetected)
    with correlated(story):
        child.register("parent-1", "Mia")
        child.detect(violation, "self_harm", "critical", detector="classifier/7")
        await children.asave(child)

        child.escalate(violation, "overdue_50")
        try:
            child.resolve(violation, "ada", "confirmed")
        except ViolationNotAcknowledged as refusal:
            tell(f"not yet: {refusal}")
        child.acknowledge(violation, "ada")
        child.claim(violation, "ada")
        child.resolve(violation, "ada", "confirmed", clause="policy-3.2")
        await children.asave(child)

    await _tell_the_story(service, child, story, tell)
    again = await children.aload(child.aggregate_id)
    tell(f"resolved: {again.state.violations[violation].is_resolved}")


async def _tell_the_story(
    service: EventSourcingService,
    child: Child,
    story: UUID,
    tell: Callable[[str], None],
) -> None:
    for event in await service.store.aread(child.stream_id):
        meta = event.metadata
        same = "same story" if meta.correlation_id == story else "another story"
        tell(f"{meta.version}. {meta.event_type} ({same})")
