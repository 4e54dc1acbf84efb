"""Which request or event all of this belongs to, without being passed by hand.

Correlation and causation ids travel in context variables: a web request, a task or a handler of events sets them once,
and the door gives them to every event that says nothing else. Coroutines and threads that asgiref starts inherit them.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Correlation:
    """correlation_id: of the whole story; causation_id: of the event or request that led to what happens now."""

    correlation_id: UUID | None = None
    causation_id: UUID | None = None


_NONE: Final = Correlation()
_current: Final[ContextVar[Correlation]] = ContextVar(
    "eventstore_correlation", default=_NONE
)


def current() -> Correlation:
    """What holds here and now; both None if nobody has said anything."""
    return _current.get()


@contextmanager
def correlated(
    correlation_id: UUID | None = None, causation_id: UUID | None = None
) -> Iterator[Correlation]:
    """While the block runs these ids hold; what is left out stays as it was outside."""
    outer = _current.get()
    inner = Correlation(
        outer.correlation_id if correlation_id is None else correlation_id,
        outer.causation_id if causation_id is None else causation_id,
    )
    token = _current.set(inner)
    try:
        yield inner
    finally:
        _current.reset(token)
