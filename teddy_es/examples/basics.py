"""Basic operations: register a child, save, load, look at the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.errors import StreamNotFound
from teddy_es.domain.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.service import EventSourcingService


async def run(service: EventSourcingService, tell: Callable[[str], None]) -> None:
    """A new child; what is recorded is an event until it is saved, and a fact from then on."""
    children = service.repository_for(Child)
    child = Child(f"example-{uuid4()}")

    child.register("parent-1", "Mia", language="de")
    tell(f"{child.stream_id} holds {len(child.recorded)} event that is not saved yet")

    result = await children.asave(child)
    if result is not None:
        tell(f"accepted as version {result.last_version}, at {result.positions[0]}")

    loaded = await children.aload(child.aggregate_id)
    tell(f"loaded at version {loaded.version}: its parent is {loaded.state.parent_id}")

    info = await service.astream_info(child.stream_id)
    tell(f"the stream stands at version {info.version} since {info.last_recorded_at}")

    try:
        await children.aload(f"nobody-{uuid4()}")
    except StreamNotFound as error:
        tell(f"whoever never was is not found ({error.code})")
