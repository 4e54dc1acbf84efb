"""What was said in a conversation, without the words: who, when, how long, which model, whether it was judged, what was found.

Whoever may see the words opens them in `Message.event` (`eventstore.opening.recorded`), once that is recorded. What a
conversation says of another child is none of this child's: of such a message there is nothing here but that it is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence  # noqa: TC003  (the decoder asks for it)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from audit.cases import Stands
from eventstore.queries import browse
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.keyset import Page, Wanted, cursor
from eventstore.queries.picked import events_at
from eventstore.queries.positions import packed_of
from teddy_es.domain.conversation import ChildSpoke, TeddyReplied

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from eventstore.events import Position, RecordedEvent

SAID: Final = (ChildSpoke.__name__, TeddyReplied.__name__)
"""The types of events that are messages."""
LETTERS_A_WORD: Final = 5.5
_AROUND_JSON: Final = len(b'{"text":""}') + 16  # and the tag at a box's end

# Index: people_screening_message.
_SCREENINGS: Final = """
SELECT message_version, detector, policy_version, recorded_at, position FROM people_screening
 WHERE conversation_id = %(conversation)s AND message_version = ANY(%(versions)s) ORDER BY message_version, version
"""
# Index: people_violation_talk.
FOUND: Final = """
SELECT violation_id, category, severity, message_id, NOT (state = 'resolved') AS is_open, proposal_version IS NOT NULL AS is_proposed,
       claimed_by, acknowledged_at IS NOT NULL AS is_seen, reopened_at IS NOT NULL AS is_reopened, levels
  FROM people_violation
 WHERE conversation_id = %(conversation)s AND child_id = %(child)s ORDER BY detected_at, violation_id
"""


@dataclass(frozen=True, slots=True)
class Screening:
    """A safety filter has judged a message."""

    detector: str
    policy_version: str
    recorded_at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Found:
    """A violation that was found in the conversation. message_id: as its detector wrote it."""

    violation_id: str
    category: str
    severity: str
    message_id: str | None
    is_open: bool
    is_proposed: bool
    claimed_by: str | None
    is_seen: bool
    is_reopened: bool
    levels: Sequence[str]

    @property
    def what(self) -> str:
        """Its category in words."""
        return self.category.replace("_", " ")

    @property
    def stands(self) -> Stands:
        """Where it stands."""
        return Stands(
            is_open=self.is_open,
            is_proposed=self.is_proposed,
            claimed_by=self.claimed_by,
            is_seen=self.is_seen,
            is_reopened=self.is_reopened,
            levels=self.levels,
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message. words: about how many, by the length of what is sealed; None where that cannot be told.

    is_foreign: it names another child than the conversation; then event is None, and nothing else is told of it.
    """

    version: int
    said_by: str
    occurred_at: datetime
    recorded_at: datetime
    position: Position
    is_foreign: bool = False
    words: int | None = None
    model: str | None = None
    policy_version: str | None = None
    blocked: bool = False
    screenings: Sequence[Screening] = ()
    found: Sequence[Found] = ()
    event: RecordedEvent | None = None

    @property
    def is_screened(self) -> bool:
        """Whether any safety filter has judged it: where none has, that nothing was found says nothing."""
        return bool(self.screenings)


def page(
    conversation_id: str,
    child_id: str,
    wanted: Wanted,
    found: Sequence[Found] | None = None,
) -> Page[Message]:
    """Messages in the order in which they were said. child_id: whose conversation it is. found: where it has been asked.

    Raises `BadCursor`, `IndexRebuilt`.
    """
    listed = browse.stream_events_of(_stream(conversation_id), SAID, wanted)
    return Page(
        _messages(conversation_id, child_id, listed.rows, found),
        listed.previous,
        listed.next,
    )


def around(
    conversation_id: str, child_id: str, version: int, turns: int = 10
) -> Sequence[Message]:
    """The message at this version, 1 or more, if there is one, and up to so many before and behind it."""
    stream_id = _stream(conversation_id)
    near = Wanted(before=cursor((version,)), size=max(turns, 1))
    before = browse.stream_events_of(stream_id, SAID, near).rows
    # near the beginning a list gives its first page whole
    earlier = [row for row in before if row.version < version]
    rest = Wanted(after=cursor((version - 1,)), size=turns + 1)
    later = browse.stream_events_of(stream_id, SAID, rest).rows
    rows = [*(earlier[-turns:] if turns else []), *later]
    return _messages(conversation_id, child_id, rows)


def version_of(conversation_id: str, message_id: str) -> int | None:
    """Which message a detector means: by the event's id, or by its version; None if that is neither."""
    if message_id.isascii() and message_id.isdigit() and len(message_id) < 10:
        return int(message_id)
    try:
        rows = browse.with_event_id(UUID(message_id))
    except ValueError:
        return None
    own = [r.version for r in rows if r.stream_id == _stream(conversation_id)]
    return own[0] if own else None


def messages_at(
    conversation_id: str,
    child_id: str,
    versions: Sequence[int],
    found: Sequence[Found] | None = None,
) -> Sequence[Message]:
    """Those of these versions that are messages."""
    rows = browse.stream_events_at(_stream(conversation_id), versions)
    said = [row for row in rows if row.event_type in SAID]
    return _messages(conversation_id, child_id, said, found)


def object_of(conversation_id: str, versions: Sequence[int]) -> str:
    """What is recorded of a reveal: the stream and the versions, from the first to the last."""
    first, last = min(versions), max(versions)
    named = str(first) if first == last else f"{first}-{last}"
    return f"conversation.{conversation_id}/{named}"


def found_in(conversation_id: str, child_id: str) -> Sequence[Found]:
    """The child's violations that name the conversation."""
    given = {"conversation": conversation_id, "child": child_id}
    return [Found(*row) for row in unchecked_rows(FOUND, given)]


# ---- below: how ------------------------------------------------------------------------------------------------------


def _stream(conversation_id: str) -> str:
    return f"conversation.{conversation_id}"


def _messages(
    conversation_id: str,
    child_id: str,
    rows: Sequence[browse.EventRow],
    found: Sequence[Found] | None = None,
) -> list[Message]:
    events = {event.position: event for event in _events(rows)}
    judged = _judged(conversation_id, [row.version for row in rows])
    if found is None:
        found = found_in(conversation_id, child_id)
    return [
        _message(events[row.position], child_id, judged, found)
        for row in rows
        if row.position in events
    ]


def _events(rows: Sequence[browse.EventRow]) -> list[RecordedEvent]:
    """Long messages may be more than one read brings."""
    left, events = [row.position for row in rows], list[Any]()
    while left:
        read = events_at(left)
        events += read
        left = left[len(read) :]
    return events


def _judged(
    conversation_id: str, versions: Sequence[int]
) -> Mapping[int, Sequence[Screening]]:
    found: dict[int, list[Screening]] = defaultdict(list)
    given = {"conversation": conversation_id, "versions": list(versions)}
    for version, *rest in unchecked_rows(_SCREENINGS, given) if versions else ():
        found[version].append(Screening(*rest))
    return found


def _message(
    event: RecordedEvent,
    child_id: str,
    judged: Mapping[int, Sequence[Screening]],
    found: Sequence[Found],
) -> Message:
    about, said = event.metadata, event.data
    who = "child" if about.event_type == ChildSpoke.__name__ else "teddy"
    place = (
        about.version,
        who,
        about.timestamp,
        event.recorded_at,
        event.position,
    )
    if said.get("child_id") != child_id:
        return Message(*place, is_foreign=True)
    named = {str(about.event_id), str(about.version)}
    return Message(
        *place,
        words=words_in(event),
        model=_code(said.get("model")),
        policy_version=_code(said.get("policy_version")),
        blocked=said.get("blocked") is True,
        screenings=judged.get(about.version, ()),
        found=[one for one in found if one.message_id in named],
        event=event,
    )


def words_in(event: RecordedEvent) -> int | None:
    """About how many words are sealed in it: the box is as long as they are. Nothing is opened."""
    if event.sealed is None:
        return None
    letters = len(event.sealed.box) * 3 // 4 - _AROUND_JSON
    return max(0 if letters <= 0 else 1, round(letters / LETTERS_A_WORD))


def _code(value: object) -> str | None:
    return value if isinstance(value, str) else None


def packed(message: Message) -> int:
    """Its place, as rows have it."""
    return packed_of(message.position)
