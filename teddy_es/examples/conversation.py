"""A conversation of many events: one commit a turn, a rule at its end, all of it read again, and judged by a safety filter."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from teddy_es.domain.conversation import Conversation
from teddy_es.domain.errors import ConversationIsOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.service import EventSourcingService

TURNS = 30


async def run(service: EventSourcingService, tell: Callable[[str], None]) -> None:
    """A child and Teddy talk; what one says and the other answers is one commit."""
    conversations = service.repository_for(Conversation)
    talk = Conversation(f"example-{uuid4()}")
    talk.start("child-1", language="en")
    await conversations.asave(talk)

    for turn in range(TURNS):
        talk.hear(f"Why, Teddy? ({turn})")
        talk.reply(f"Because. ({turn})", model="teddy/2", policy_version="2026-01")
        await conversations.asave(talk)
    talk.end("child_left")
    await conversations.asave(talk)
    tell(f"{TURNS} turns make {talk.version} events of {talk.stream_id}")

    try:
        talk.hear("Are you still there?")
    except ConversationIsOver as refusal:
        tell(f"the rules refuse: {refusal}")

    events = await service.store.aread(talk.stream_id)
    commits = len({event.commit_id for event in events})
    tell(f"read again: {len(events)} events in {commits} commits, in order, no hole")
    for event in events[:3]:
        tell(f"  {event.metadata.version}. {event.metadata.event_type}")
    tell("  …")
    state = (await conversations.aload(talk.aggregate_id)).state
    tell(f"its state holds no word of it: {state}")

    tell(f"a safety filter judges {await _screen(service, talk.aggregate_id)} messages")
    tell(f"asked again it finds {await _screen(service, talk.aggregate_id)} to judge")


async def _screen(service: EventSourcingService, conversation_id: str) -> int:
    """Judge what nobody has judged yet: until then the console says of it that nobody knows whether it was safe. How many were judged.

    A filter that finds something says so in the child's stream (`Child.detect`). Two that work at once judge nothing twice: the
    second save finds another version than it read, and raises `WrongExpectedVersion`.
    """
    conversations = service.repository_for(Conversation)
    talk = await conversations.aload(conversation_id)
    said, judged = set(), set()
    for event in await service.store.aread(talk.stream_id, to_version=talk.version):
        if event.metadata.event_type in {"ChildSpoke", "TeddyReplied"}:
            said.add(event.metadata.version)
        elif event.metadata.event_type == "MessageScreened":
            judged.add(event.data["message_version"])
    for version in sorted(said - judged):
        talk.screen(version, detector="filter/3", policy_version="2026-01")
    await conversations.asave(talk)
    return len(said - judged)
