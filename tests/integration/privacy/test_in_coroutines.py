"""Coroutines that seal: what they waited for in a thread of the event loop's leaves nothing open there."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.db import connections

from eventstore.events import Expected, NewEvent
from eventstore.testing.shop import OrderPlaced

if TYPE_CHECKING:
    from tests.integration.privacy.conftest import Shop


def test_a_key_that_is_made_for_a_coroutine_leaves_no_connection_in_the_loops_thread(
    shop: Shop,
) -> None:
    event = NewEvent(OrderPlaced(customer_id="c-1", remark="unheard"))

    async def append() -> object:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await shop.store.aappend(
            f"order_{shop.suffix}.o-1", [event], Expected.NO_STREAM
        )
        return await asyncio.to_thread(lambda: connections["default"].connection)

    assert asyncio.run(append()) is None
    assert shop.heard() == ["unheard"]
