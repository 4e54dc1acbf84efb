"""What the tests of the HTTP interface share: a shop on a real log, and who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache

from eventstore.store import get_event_store
from tests.support.beneath import Beneath
from tests.support.callers import a_caller, forget_households, household
from tests.support.clocks import Hourglass
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.stores import Stores
    from tests.support.callers import Caller

RECORDED = {
    "ACCESS_RECORDER": "tests.support.recorders.Recorder",
    "REACH": "tests.support.callers.reach",
}


@pytest.fixture(autouse=True)
def _nobody_has_said_anything() -> Iterator[None]:
    Recorder.forget()
    Beneath.begin()
    forget_households()
    cache.clear()  # rates are counted there
    yield
    Recorder.forget()


@pytest.fixture
def shop(stores: Stores) -> str:
    """The one stream type of a store on the embedded log."""
    return _opened(stores, "embedded")


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def any_shop(request: pytest.FixtureRequest, stores: Stores) -> str:
    """The one of a store on each log in turn."""
    if request.param == "embedded":
        return _opened(stores, "embedded")
    return _opened(stores, "kafka", request.getfixturevalue("kafka_bootstrap"))


@pytest.fixture
def shaky(stores: Stores) -> str:
    """The one of a store beneath which things happen: `tests.support.beneath`."""
    return _opened(
        stores, "tests.support.beneath.log", KEYS="tests.support.beneath.keys"
    )


@pytest.fixture
def hurried(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> str:
    """Likewise, and a test says when its callers' time is up: `Beneath.network` is an hourglass."""
    hourglass = Hourglass()
    Beneath.network = hourglass
    monkeypatch.setattr("eventstore.store.SystemClock", lambda: hourglass.clock)
    return _opened(
        stores, "tests.support.beneath.log", KEYS="tests.support.beneath.keys"
    )


def _opened(stores: Stores, kind: str, bootstrap: str = "", **more: str) -> str:
    store = stores(kind, bootstrap, **RECORDED, **more)
    assert get_event_store().topics == store.topics
    return next(iter(store.topics.numbers)).removeprefix("eventstore.")


@pytest.fixture
def caller(transactional_db: None) -> Caller:
    """May everything, and sees all."""
    return a_caller()


@pytest.fixture
def parent(transactional_db: None) -> Caller:
    """May everything, bound to the customer `mine`."""
    household("mine")
    return a_caller("parent", bound_to="mine")
