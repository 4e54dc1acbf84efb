"""What the tests of the HTTP interface share: a shop on a real log, and who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

from eventstore.store import get_event_store
from tests.support.callers import a_caller, forget_households
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.stores import Stores
    from tests.support.callers import Caller

RECORDED = {
    "ACCESS_RECORDER": "tests.support.recorders.Recorder",
    "REACH": "tests.support.callers.reach",
}


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def shop(request: pytest.FixtureRequest, stores: Stores) -> Iterator[str]:
    """The one stream type of a store on each log in turn."""
    bootstrap = "" if request.param == "embedded" else request.getfixturevalue("kafka_bootstrap")
    store = stores(request.param, bootstrap, **RECORDED)
    Recorder.forget()
    forget_households()
    cache.clear()
    assert get_event_store().topics == store.topics
    yield next(iter(store.topics.numbers)).removeprefix("eventstore.")
    Recorder.forget()


@pytest.fixture
def caller(shop: str) -> Caller:
    """May everything, and sees all."""
    return a_caller()
