"""What the tests of the write path share, and those of who follows the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.testing.faulty_log import Network
from teddy_es import health
from tests.support.audits import audit
from tests.support.clocks import A_HANG_S, Hourglass
from tests.support.following import Orders, with_table
from tests.support.worlds import FaultyStore, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.store import EventStore
    from tests.plugins.stores import Stores


@pytest.fixture(autouse=True)
def _a_probe_is_answered_however_busy_the_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The least of its questions has an eighteenth of the time. Tests of a log that is silent take their own."""
    monkeypatch.setattr(health, "PATIENCE", 18 * A_HANG_S)


@pytest.fixture
def world(stores: Stores) -> Iterator[World]:
    """Fresh topics of three partitions; at the end database and log are held against a naive fold."""
    world = World(stores("embedded").topics)
    yield world
    world.close()


@pytest.fixture
def audited(world: World) -> Iterator[World]:
    """A world whose database must be the fold of its log when the test is over."""
    yield world
    audit(world)


@pytest.fixture
def here(audited: World) -> FaultyStore:
    """A process."""
    return audited.store()


@pytest.fixture
def hourglass() -> Hourglass:
    """A network of a process's own, on which a test says when its callers' time is up."""
    return Hourglass()


@pytest.fixture
def hurried(audited: World, hourglass: Hourglass) -> FaultyStore:
    """A process that lives by the hourglass."""
    return audited.store(network=hourglass, clock=hourglass.clock)


@pytest.fixture
def there(audited: World) -> FaultyStore:
    """Another process, on a network that does not fail."""
    return audited.store(network=Network())


@pytest.fixture
def table(transactional_db: None) -> Iterator[None]:
    """For what handlers write."""
    yield from with_table()


@pytest.fixture
def orders(embedded_store: EventStore) -> Orders:
    """Streams to follow."""
    return Orders(embedded_store)
