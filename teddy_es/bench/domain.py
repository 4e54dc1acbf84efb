"""Registries by name: `teddy_es.bench.domain.types_ab12cd34` has stream types, hence topics, that nobody else has.

They are the domain's own under other names, so that the demo's events fit, and one more for made-up events.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from eventstore.aggregates import Aggregate
from eventstore.registry import SENSITIVE, Event, Registry
from teddy_es.domain.types import registry as domain

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOAD: Final = 600  # bytes of an event's data as JSON
_FRAME: Final = len('{"text":""}')
_NUMBER: Final = 63  # the last one that a position has room for
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz     "


class Happened(Event, frozen=True, kw_only=True):
    """Something was said."""

    text: str


class Told(Event, frozen=True, kw_only=True):
    """Something was said in confidence: the same, and about somebody."""

    about: str
    text: Annotated[str, SENSITIVE]


class TalkState(msgspec.Struct):
    """What was said last: a state of some 600 bytes, as the peer's."""

    said: str = ""


class Talk(Aggregate[TalkState]):
    """A stream of made-up events, as an aggregate."""

    stream_type = "bench"
    state_type = TalkState

    def happen(self, text: str) -> None:
        """Something is said."""
        self.record(Happened(text=text))

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        if isinstance(event, Happened):
            self.state.said = event.text


class Confidant(Talk):
    """The same of what was said in confidence: its state holds it, so its snapshots are sealed."""

    stream_type = "told"
    reads_sealed = True

    def apply(self, event: msgspec.Struct) -> None:
        """See `Aggregate`."""
        if isinstance(event, Told):
            self.state.said = event.text


@cache
def __getattr__(name: str) -> Registry | type[Talk]:
    if name.startswith("Confidant_"):
        return confidants(name.removeprefix("Confidant_"))
    if name.startswith("Talk_"):
        return talks(name.removeprefix("Talk_"))
    if not name.startswith("types_"):
        raise AttributeError(name)
    suffix = name.removeprefix("types_")
    types = Registry()
    for known in domain.stream_types.values():
        types.stream_type(
            renamed(known.name, suffix), number=known.number, takes_id=known.takes_id
        )
    for event in domain.event_types():
        types.event_type(
            event.struct,
            stream_type=renamed(event.stream_type, suffix),
            subject=event.subject,
            name=event.name,
            schema=event.schema,
            retention=event.retention,
        )
    types.stream_type(renamed("bench", suffix), number=_NUMBER)
    own = renamed("bench", suffix)
    types.event_type(Happened, stream_type=own, subject=None, name="Happened")
    _add_what_is_sealed(types, suffix)
    return types


def _add_what_is_sealed(types: Registry, suffix: str) -> None:
    told = renamed("told", suffix)
    types.stream_type(told, number=_NUMBER - 1)
    types.event_type(Told, stream_type=told, subject="about", name="Told")
    if domain.privacy is not None:
        own = renamed(domain.privacy.stream_type, suffix)
        types.privacy_events(replace(domain.privacy, stream_type=own))


@cache
def talks(suffix: str) -> type[Talk]:
    """The aggregate of this suffix's streams; also `teddy_es.bench.domain.Talk_ab12cd34`."""
    return type("Talk", (Talk,), {"stream_type": renamed("bench", suffix)})


@cache
def confidants(suffix: str) -> type[Talk]:
    """The aggregate of what was said in confidence; also `teddy_es.bench.domain.Confidant_ab12cd34`."""
    return type("Confidant", (Confidant,), {"stream_type": renamed("told", suffix)})


def renamed(stream_type: str, suffix: str) -> str:
    """What a stream type is called in the registry of this suffix."""
    return f"{stream_type}_{suffix}"


def texts(seed: str) -> Callable[[], str]:
    """Makes texts that fill an event's data up to `PAYLOAD` bytes; the same ones for the same seed, others for others.

    Random letters and blanks, which pack about as well as talk does.
    """
    random = Random(seed)
    long = "".join(random.choices(_LETTERS, k=64 * PAYLOAD))
    length = PAYLOAD - _FRAME

    def text() -> str:
        start = random.randrange(len(long) - length)
        return long[start : start + length]

    return text
