"""Stream management and snapshots: how far a stream is, a snapshot by hand, and the past beside the present."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from asgiref.sync import sync_to_async

from eventstore.snapshots import snapshot_store
from teddy_es.domain.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.events import StreamInfo
    from eventstore.repository import AggregateRepository
    from eventstore.service import EventSourcingService

SAID = 24


async def run(service: EventSourcingService, tell: Callable[[str], None]) -> None:
    """A conversation long enough for snapshots; they save time and decide nothing."""
    conversations = service.repository_for(Conversation)
    talk = Conversation(f"example-{uuid4()}")
    talk.start("child-1")
    for number in range(SAID):
        talk.hear(f"One more thing, Teddy: {number}")
    await conversations.asave(talk)

    info = await service.astream_info(talk.stream_id)
    tell(f"{info.stream_id} stands at version {info.version}")

    for version in (10, 20):
        made = await service.acreate_snapshot(
            Conversation, talk.aggregate_id, version=version
        )
        tell(
            f"a snapshot at version {made.version}: {len(made.state)} bytes, {made.state.decode()}"
        )

    await _look_back(conversations, talk, info, tell)


async def _look_back(
    conversations: AggregateRepository[Conversation],
    talk: Conversation,
    info: StreamInfo,
    tell: Callable[[str], None],
) -> None:
    snapshots = snapshot_store(Conversation)
    for version in (9, 15, info.version):
        newest = await snapshots.anewest(talk.stream_id, at_most=version)
        behind = newest.version if newest else 0
        then = await conversations.aload(talk.aggregate_id, version=version)
        tell(
            f"version {version}: snapshot {behind} and {version - behind} events,"
            f" {then.state.utterances} utterances"
        )
    as_of = await conversations.aload(talk.aggregate_id, as_of=info.last_recorded_at)
    tell(f"as of {info.last_recorded_at}: version {as_of.version}")
    exists = await sync_to_async(conversations.exists)(talk.aggregate_id)
    tell(f"it exists: {exists}")
