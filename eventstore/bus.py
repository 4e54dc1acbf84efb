"""The bus within a process: it calls handlers, at most once, after the log accepted this process's saves.

Use it for what may be lost with the process: a cache to clear, a hint to send. If a handler raises, the bus logs and
counts it; the save stands. What must not miss an event is a subscription instead (at least once; exactly once for rows).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import structlog
from asgiref.sync import async_to_sync, sync_to_async

from eventstore import metrics
from eventstore.context import correlated
from eventstore.events import Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

logger = structlog.get_logger(__name__)


class Published(msgspec.Struct, frozen=True, gc=False):
    """An event that was accepted, as its class, and where it stands.

    live: whether this happens for the first time. False where a subscription handles what was handled before, so that
    what is done outside of the database (a mail) is not done twice.
    """

    event: msgspec.Struct
    event_id: UUID
    stream_id: str
    version: int
    position: Position
    recorded_at: datetime
    correlation_id: UUID | None = None
    occurred_at: datetime | None = None
    live: bool = True


Handler = Callable[[Published], Awaitable[None] | None]
"""A function, or a coroutine function, of one published event; or whatever else can be called so."""


class EventBus:
    """Handlers by the classes of the events that they want."""

    def __init__(self) -> None:
        self._handlers: list[tuple[Handler, frozenset[type[Any]]]] = []

    def subscribe(self, handler: Handler, *event_types: type[msgspec.Struct]) -> None:
        """Call the handler with every accepted event of these classes; of all, if none is named. Raises ValueError for a generator function."""
        if reason := never_runs(handler):
            raise ValueError(reason)
        self._handlers.append((handler, frozenset(event_types)))

    def publish(self, events: Sequence[Published]) -> None:
        """Call the handlers, event by event, in the order of their subscription. Never raises for what one of them did.

        What a handler appends meanwhile is caused by the event, and belongs to its correlation.
        """
        for handler, event in self._calls(events):
            try:
                with correlated(event.correlation_id, event.event_id):
                    called(handler, event)
            except Exception as error:  # noqa: BLE001  (told and counted; the save stands)
                _report_failure(handler, event, error)

    async def apublish(self, events: Sequence[Published]) -> None:
        """`publish` for coroutines: a handler that is a plain function runs in a thread."""
        for handler, event in self._calls(events):
            try:
                with correlated(event.correlation_id, event.event_id):
                    call = handler if is_async(handler) else sync_to_async(handler)
                    result: Any = await call(event)  # type: ignore[misc]
                    if inspect.isawaitable(result):
                        await result
            except Exception as error:  # noqa: BLE001  (as above)
                _report_failure(handler, event, error)

    def _calls(
        self, events: Sequence[Published]
    ) -> Iterator[tuple[Handler, Published]]:
        for event in events:
            for handler, wanted in tuple(self._handlers):
                if not wanted or type(event.event) in wanted:
                    yield handler, event


def is_async(handler: Any) -> bool:
    """Whether calling it gives a coroutine: a coroutine function, also behind `partial` or as an object's `__call__`."""
    handler = _behind_partial(handler)
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004  (it is asked what it is, not whether)
    )


def never_runs(handler: Any) -> str | None:
    """Why a call would do nothing, as of a generator function: it gives a generator, and whoever called looks at it no more."""
    function = _behind_partial(handler)
    for one in (function, getattr(function, "__call__", None)):  # noqa: B004  (as above)
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            name = getattr(function, "__qualname__", type(function).__name__)
            return f"{name} is a generator function, so calling it would do nothing: give a function, or a coroutine function"
    return None


def _behind_partial(handler: Any) -> Any:
    while isinstance(handler, partial):
        handler = handler.func
    return handler


def called(handler: Callable[[Any], Any], handed: Any) -> None:
    """Call it from where nothing can be awaited, and see what it gives to its end."""
    if is_async(handler):
        async_to_sync(_awaited)(lambda: handler(handed))
        return
    result = handler(handed)
    if inspect.isawaitable(result):
        async_to_sync(_awaited)(lambda: result)
    elif inspect.isgenerator(result) or inspect.isasyncgen(result):
        msg = "the handler returned a generator, which nobody runs: let it do its work itself"
        raise TypeError(msg)


async def _awaited(begin: Callable[[], Awaitable[None]]) -> None:
    """A coroutine is made where it is awaited: by a function of ours, for asgiref knows none but real coroutine functions."""
    await begin()


def _report_failure(handler: Handler, event: Published, error: Exception) -> None:
    """By the error's kind: its text may quote what the event holds."""
    event_type = type(event.event).__name__
    metrics.BUS_ERRORS.labels(event_type).inc()
    logger.error(
        "a handler of the bus failed; the save stands",
        action="bus-handler-failed",
        handler=getattr(handler, "__qualname__", type(handler).__name__),
        event_type=event_type,
        error=type(error).__name__,
        position=str(event.position),
    )
