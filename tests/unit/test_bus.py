"""The bus calls what can be called, and awaits whatever that gives."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore.bus import EventBus, Published
from eventstore.events import Position
from eventstore.testing.shop import OrderChanged

if TYPE_CHECKING:
    from eventstore.bus import Handler

EVENT = Published(
    OrderChanged(quantity=1),
    UUID(int=1),
    "order.1",
    1,
    Position("eventstore.order", 0, 0),
    datetime(2026, 1, 1, tzinfo=UTC),
)


class Hearing:
    """Hears as an object."""

    def __init__(self, heard: list[Published]) -> None:
        self._heard = heard

    async def __call__(self, event: Published) -> None:
        """As a coroutine."""
        await asyncio.sleep(0)
        self._heard.append(event)

    async def hear(self, event: Published) -> None:
        """As a method."""
        await self(event)

    def plain(self, event: Published) -> None:
        """Without waiting."""
        self._heard.append(event)


async def hear(heard: list[Published], event: Published) -> None:
    await asyncio.sleep(0)
    heard.append(event)


def handlers(heard: list[Published]) -> dict[str, Handler]:
    one = Hearing(heard)
    return {
        "an object": one,
        "a method": one.hear,
        "a partial": partial(hear, heard),
        "a partial of an object": partial(one),
        "a partial of a partial": partial(partial(hear, heard)),
        "a function that gives a coroutine": lambda event: one.hear(event),
        "a plain method": one.plain,
    }


@pytest.mark.parametrize("name", handlers([]))
def test_every_kind_of_handler_is_called_to_its_end(name: str) -> None:
    heard: list[Published] = []
    bus = EventBus()
    bus.subscribe(handlers(heard)[name])

    bus.publish([EVENT])
    asyncio.run(bus.apublish([EVENT]))

    assert heard == [EVENT, EVENT]


def test_who_fails_while_awaited_is_counted_and_fails_nobody_else() -> None:
    heard: list[Published] = []

    async def fail(*_: Any) -> None:
        raise RuntimeError

    bus = EventBus()
    bus.subscribe(partial(fail, 1))
    bus.subscribe(heard.append)

    bus.publish([EVENT])
    asyncio.run(bus.apublish([EVENT]))

    assert heard == [EVENT, EVENT]
