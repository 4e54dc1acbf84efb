"""Registries by name: `teddy_es.bench.domain.types_ab12cd34` has stream types, hence topics, that nobody else has.

They are the domain's own under other names, so that the demo's events fit, and one more for made-up events.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING, Final

from eventstore.registry import Event, Registry
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


@cache
def __getattr__(name: str) -> Registry:
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
        )
    types.stream_type(renamed("bench", suffix), number=_NUMBER)
    types.event_type(Happened, stream_type=renamed("bench", suffix), subject=None)
    return types


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
