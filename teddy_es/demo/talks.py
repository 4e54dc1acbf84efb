"""Demo data: real conversations of strangers, told as if one of them were a child and the other one Teddy.

The dataset (BYU's Chit Chat Challenge, MIT licence) comes as a package of its own. What is made of it is the
same bytes in every run, so that a store filled twice holds it once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from eventstore.events import NewEvent
from eventstore.exchange.cloudevents import ImportedEvent, proposal_line
from eventstore.protocol.instants import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE: Final = "chitchat_dataset"
SOURCE: Final = "/teddy/demo"
_NAMESPACE: Final = UUID("2c5d4c9e-3f0b-5a7e-8f61-1b9a4f7c2d30")


class DatasetMissing(Exception):  # noqa: N818  (it is what happened)
    """The package with the conversations is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The demo's conversations are a package of their own: pip install 'teddy-es[demo]'"
            " (or chitchat-dataset)."
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation as the dataset has it: utterances in its order, each with sender, text and timestamp."""

    own_id: str
    utterances: list[Mapping[str, str]]

    @property
    def began(self) -> str:
        """The first utterance's time; the dataset's own `start` is wrong by hours."""
        return self.utterances[0]["timestamp"]


def demo_lines(limit: int | None = None) -> Iterator[bytes]:
    """NDJSON, ready to import: the conversations that began first, one after another. Raises `DatasetMissing`."""
    for conversation in conversations()[:limit]:
        for event in events_of(conversation):
            yield proposal_line(event, source=SOURCE)


def conversations() -> list[Conversation]:
    """All of the dataset, by when they began. Raises `DatasetMissing`."""
    conversations_read = [
        Conversation(own_id, [said for turn in fields["messages"] for said in turn])
        for own_id, fields in _dataset().items()
    ]
    return sorted(
        (c for c in conversations_read if c.utterances),
        key=lambda c: (c.began, c.own_id),
    )


def events_of(conversation: Conversation) -> Iterator[ImportedEvent]:
    """Its events: begun, said … said, ended. A reply is caused by what came before it."""
    said = conversation.utterances
    who = said[0]["sender"]
    subject = {"child_id": f"child-{_digest(who, b'demo child')}"}
    tell = _Teller(conversation.own_id)
    yield tell.event(
        "ConversationStarted", conversation.began, {**subject, "language": "en"}
    )
    for utterance in said:
        name = "ChildSpoke" if utterance["sender"] == who else "TeddyReplied"
        text = importable(utterance["text"])
        yield tell.event(name, utterance["timestamp"], {**subject, "text": text})
    # whoever lets the other one have the last word has left
    left = {} if said[-1]["sender"] == who else {"reason": "child_left"}
    yield tell.event("ConversationEnded", said[-1]["timestamp"], {**subject, **left})


def importable(text: str) -> str:
    """The text without what a record's grammar forbids. The dataset, as it is, loses nothing by it."""
    return text.replace("\0", "").encode(errors="ignore").decode()


class _Teller:
    """Numbers the events of one conversation: their ids come from its id and the number."""

    def __init__(self, own_id: str) -> None:
        self._stream_id = f"conversation.conv-{_digest(own_id, b'demo talk')}"
        self._correlation_id = uuid5(_NAMESPACE, own_id)
        self._previous: UUID | None = None
        self._number = 0

    def event(self, name: str, time: str, data: dict[str, Any]) -> ImportedEvent:
        self._number += 1
        event_id = uuid5(self._correlation_id, str(self._number))
        event = NewEvent(
            type=name,
            data=data,
            event_id=event_id,
            occurred_at=rfc3339(time),
            correlation_id=self._correlation_id,
            causation_id=self._previous if name == "TeddyReplied" else None,
        )
        self._previous = event_id
        # without a commit id of its own; the import derives it
        return ImportedEvent(self._stream_id, event, commit_id=event_id)


def _digest(own_id: str, what: bytes) -> str:
    """Sixteen hexadecimal digits that stand for an id of the dataset, and lead back to none."""
    return blake2b(own_id.encode(), digest_size=8, person=what).hexdigest()


def _dataset() -> dict[str, dict[str, Any]]:
    try:
        text = files(PACKAGE).joinpath("dataset.json").read_bytes()
    except ModuleNotFoundError:
        raise DatasetMissing from None
    dataset: dict[str, dict[str, Any]] = json.loads(text)
    return dataset
