"""Rows and checkpoint go together: whoever asks, what would take them apart is refused where it would be done."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from eventstore.clock import SystemClock
from eventstore.errors import ProjectionNotReady
from eventstore.management.roster import roster
from eventstore.projections.building import make_building
from eventstore.queries.subscriptions import actions
from eventstore.service import get_service
from eventstore.subscriptions import Start, Subscription
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.operating import Operating, Order, StillFollowed
from eventstore.subscriptions.registering import register
from eventstore.testing.shop import OrderChanged
from tests.support.following import Orders, Totals, follow, follower, subscription
from tests.support.projecting import PATHS, rows, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

BY_ANN = Order("ann", "to see")
NO_CODE = "tests.support.projecting.Nowhere"
ACTS: dict[str, Callable[[Operating, str], None]] = {
    "reset": lambda operating, name: operating.reset(name, Start.BEGINNING, BY_ANN),
    "forget": lambda operating, name: operating.forget(name, BY_ANN),
}
named = Subscription(name="named", handler=Totals("named"))


def with_settings(settings: Settings, **given: Any) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, **given}


def checkpoints(name: str) -> list[tuple[int, int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT partition_id, "cursor", paused FROM eventstore_checkpoint WHERE subscription = %s ORDER BY 1',
            [name],
        )
        return list(cursor.fetchall())


@pytest.fixture
def projected(embedded_store: EventStore, settings: Settings) -> Iterator[Orders]:
    """The first version is read, the second is built beside it."""
    with_settings(settings, PROJECTIONS=PATHS[:1])
    made, clock = Orders(embedded_store), SystemClock()
    with tables():
        made.place("a", 3)
        register(roster()["totals"], clock)
        follow(Follower(roster()["totals"], clock, random.Random(1)))  # noqa: S311
        with_settings(settings, PROJECTIONS=PATHS)
        make_building("totals", 2, clock).run()
        yield made


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", ["totals", "totals#2"])
def test_a_projections_checkpoint_is_not_moved_without_its_rows(
    projected: Orders, act: str, name: str
) -> None:
    before = checkpoints(name), rows()

    with pytest.raises(ProjectionNotReady, match="projections build totals"):
        ACTS[act](Operating(SystemClock()), name)

    assert (checkpoints(name), rows()) == before
    assert actions(name) == []


@pytest.mark.parametrize("act", ACTS)
def test_a_version_beside_is_one_though_its_class_is_gone(
    projected: Orders, settings: Settings, act: str
) -> None:
    with_settings(settings, PROJECTIONS=[])
    before = checkpoints("totals#2")

    with pytest.raises(ProjectionNotReady, match="dropped by `projections drop`"):
        ACTS[act](Operating(SystemClock()), "totals#2")

    assert checkpoints("totals#2") == before != []


@pytest.mark.parametrize("act", ACTS)
def test_where_the_classes_cannot_be_loaded_nobody_can_tell_and_nothing_is_done(
    projected: Orders, settings: Settings, act: str
) -> None:
    with_settings(settings, PROJECTIONS=[NO_CODE])
    before = checkpoints("totals")

    with pytest.raises((ImproperlyConfigured, ImportError)):
        ACTS[act](Operating(SystemClock()), "totals")

    assert checkpoints("totals") == before


def test_the_one_that_was_read_is_forgotten_when_no_class_is_left(
    projected: Orders, settings: Settings
) -> None:
    with_settings(settings, PROJECTIONS=[])

    Operating(SystemClock()).forget("totals", BY_ANN)

    assert checkpoints("totals") == []


def test_what_moves_no_checkpoint_is_done_to_a_projection_too(
    projected: Orders,
) -> None:
    operating, before = Operating(SystemClock()), checkpoints("totals")

    operating.pause("totals", BY_ANN)
    assert checkpoints("totals") == [(id_, at, True) for id_, at, _ in before]
    operating.resume("totals", BY_ANN)
    assert operating.replay("totals", None, BY_ANN) == 0

    assert checkpoints("totals") == before


def _by_the_settings(settings: Settings) -> str:
    with_settings(settings, SUBSCRIPTIONS=[f"{__name__}.named"])
    return "named"


def _by_the_service(_settings: Settings) -> str:
    get_service().subscribe(Totals("asked"), OrderChanged, durable="asked")
    return "asked"


def _by_the_publisher(settings: Settings) -> str:
    with_settings(settings, LOG="kafka")
    return "events"


@pytest.mark.parametrize(
    "followed", [_by_the_settings, _by_the_service, _by_the_publisher]
)
def test_who_is_followed_by_this_projects_code_is_not_forgotten(
    orders: Orders, settings: Settings, followed: Callable[[Settings], str]
) -> None:
    orders.place("a", 2)
    name = followed(settings)
    follow(follower(subscription(Totals(name), name=name)))
    before = checkpoints(name)

    with pytest.raises(StillFollowed, match="take it out of the settings first"):
        Operating(SystemClock()).forget(name, BY_ANN)

    assert checkpoints(name) == before != []
    assert actions(name) == []
    Operating(SystemClock()).reset(name, Start.NOW, BY_ANN)


def test_what_nobody_follows_any_more_is_forgotten(orders: Orders) -> None:
    orders.place("a", 2)
    follow(follower(subscription(Totals())))

    Operating(SystemClock()).forget("totals", BY_ANN)

    assert checkpoints("totals") == []
