"""What was said round a violation: some turns before and behind the message, each masked until it is revealed. One read of the conversation, sealed.

Whoever reveals chooses among these first, has it recorded, and opens no more than that: what stands near may be another child's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from audit.transcript import version_of, words_in
from eventstore.conf import registry
from eventstore.opening.recorded import opened, prepare
from eventstore.store import get_event_store
from teddy_es.domain.conversation import ChildSpoke, TeddyReplied

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from datetime import datetime

    from eventstore.events import RecordedEvent, Withheld
    from eventstore.ports import Opener

TURNS: Final = 10
_BETWEEN: Final = (
    4  # events for each turn: a filter may have judged each message more than once
)
_SAID: Final = {ChildSpoke.__name__: "Child", TeddyReplied.__name__: "Teddy"}
_WHY: Final = {
    "erased": "Erased: its key is destroyed",
    "expired": "Its time of keeping is over",
    "lost": "Its key is lost",
    "unopenable": "It cannot be opened: it is not what was written",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A message. words: about how many; text: what was said, where it is revealed; gone: why it cannot be. is_here: the violation is in it.

    is_foreign: it names another child; nothing else is told of it, and event is None. Else event is the message, sealed.
    """

    version: int
    who: str
    at: datetime
    words: int
    is_here: bool = False
    is_foreign: bool = False
    blocked: bool = False
    text: str | None = None
    gone: str = ""
    event: RecordedEvent | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The turns; where there are none, why."""

    turns: Sequence[Turn] = ()
    why: str = ""

    def own(self, wanted: Container[int]) -> Sequence[int]:
        """Which of these versions are messages of the child's own here."""
        return [
            turn.version
            for turn in self.turns
            if turn.event is not None and turn.version in wanted
        ]


def context_of(
    child_id: str,
    conversation_id: str | None,
    message_id: str | None,
    *,
    turns: int = TURNS,
) -> Context:
    """Up to so many before and behind, all of them masked."""
    if conversation_id is None:
        return Context(why="The detector named no conversation.")
    at = message_id and version_of(conversation_id, message_id)
    if not at:
        return Context(why="The detector named no message of the conversation.")
    read = get_event_store().read(
        f"conversation.{conversation_id}",
        max(1, at - turns * _BETWEEN),
        at + turns * _BETWEEN,
    )
    events = [event for event in read if event.metadata.event_type in _SAID]
    before = [e for e in events if e.metadata.version < at][-turns:]
    behind = [e for e in events if e.metadata.version >= at][: turns + 1]
    found = [_turn(one, child_id, at) for one in (*before, *behind)]
    if not any(one.is_here for one in found):
        return Context(found, "The message that the detector named is not there.")
    return Context(found)


def revealed(context: Context, versions: Container[int], opener: Opener) -> Context:
    """The same with these messages opened, and nothing else. Raises `KeyStoreUnavailable`."""
    asked = set(context.own(versions))
    events = {
        turn.version: turn.event
        for turn in context.turns
        if turn.event is not None and turn.version in asked
    }
    prepare(opener, events.values())
    types, turns = registry(), list[Turn]()
    for turn in context.turns:
        if turn.version in events:
            event = opened(events[turn.version], types, opener)
            text, gone = opened_text(event, "text")
            turns.append(replace(turn, text=text, gone=gone))
        else:
            turns.append(turn)
    return replace(context, turns=turns)


def _turn(event: RecordedEvent, child_id: str, at: int) -> Turn:
    about, said = event.metadata, event.data
    place = (about.version, _SAID[about.event_type], about.timestamp)
    if said.get("child_id") != child_id:
        return Turn(*place, 0, is_foreign=True)
    return Turn(
        *place,
        words_in(event) or 0,
        is_here=about.version == at,
        blocked=said.get("blocked") is True,
        event=event,
    )


def opened_text(event: RecordedEvent, name: str) -> tuple[str | None, str]:
    """A sensitive text of an event that was read with an opener; without the text why there is none."""
    withheld: Withheld | None = event.withheld
    if withheld is not None:
        return None, _WHY.get(withheld.reason, "It cannot be opened")
    value: Any = event.data.get(name)
    return (value, "") if isinstance(value, str) else (None, "")
