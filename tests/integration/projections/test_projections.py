"""A version of a projection is built beside the one that is read, compared with it on one cut, and switched as a whole."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from eventstore.clock import SystemClock
from eventstore.errors import ProjectionNotReady, ProjectionsDiffer
from eventstore.management.roster import roster
from eventstore.projections.building import make_building
from eventstore.projections.comparing import compare
from eventstore.projections.configured import configured
from eventstore.projections.schemas import tables_in
from eventstore.projections.statuses import projections, version_read
from eventstore.projections.switching import Switching
from eventstore.queries.subscriptions import actions
from eventstore.subscriptions import wait_for
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.operating import Order
from eventstore.subscriptions.registering import register
from tests.support.following import Orders, follow
from tests.support.projecting import (
    AWAITED,
    PATHS,
    OrderTotal,
    Totals,
    rows,
    tables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

BY_ANN = Order("ann", "the first forgot to count")


@pytest.fixture
def orders(embedded_store: EventStore, settings: Settings) -> Iterator[Orders]:
    """With the first version read, and ten orders in it."""
    only(settings, PATHS[0])
    made = Orders(embedded_store)
    with tables():
        for n in range(10):
            made.place(f"o{n}", 3)
        follow_what_is_read()
        only(settings, *PATHS)
        yield made


def only(settings: Settings, *paths: str) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": list(paths)}


def follow_what_is_read() -> None:
    subscription = roster()["totals"]
    clock = SystemClock()
    register(subscription, clock)
    follow(Follower(subscription, clock, random.Random(1)))  # noqa: S311


def switch(version: int, *, accept: bool = False) -> None:
    Switching(SystemClock(), lambda _: None).switch(
        make_building("totals", version, SystemClock()),
        BY_ANN,
        accept_differences=accept,
    )


def test_the_first_version_is_filled_in_place(orders: Orders) -> None:
    assert rows() == {f"o{n}": (1, 0) for n in range(10)}
    assert version_read("totals") == 1


def test_what_was_there_before_a_projection_happens_not_for_the_first_time(
    embedded_store: EventStore, settings: Settings
) -> None:
    only(settings, PATHS[0])
    orders = Orders(embedded_store)
    orders.place("a", 2)
    with tables():
        follow_what_is_read()
        orders.change("a", 7)
        follow_what_is_read()
        assert rows() == {"a": (7, 0)}

    assert Totals.happened == [(1, f"{orders.stream('a')} 3")]


def test_a_build_leaves_readers_alone(orders: Orders) -> None:
    before = rows()
    building = make_building("totals", 2, SystemClock())

    built = building.run()

    assert (built.is_complete, built.parked) == (True, 0)
    assert rows() == before
    assert built.handled == 30
    assert tables_in("projection_totals_v2") == ["tests_ordertotal"]


def test_a_build_goes_on_where_it_was_and_never_overtakes(orders: Orders) -> None:
    for name in orders.names_everywhere(1):
        orders.place(name)
    follow_what_is_read()
    first = make_building("totals", 2, SystemClock())
    asked = iter([False, False, True])  # after one partition
    stopped = first.run(lambda: next(asked, True))
    orders.change("o1", 9)  # not handled by the one that is read

    again = make_building("totals", 2, SystemClock()).run()

    assert 0 < stopped.handled < 33
    assert (again.is_complete, again.handled) == (True, 33)


def test_a_switch_changes_what_is_read_as_a_whole(orders: Orders) -> None:
    switch(2, accept=True)

    assert rows() == {f"o{n}": (1, 2) for n in range(10)}
    assert version_read("totals") == 2
    assert tables_in("projection_totals_v1") == ["tests_ordertotal"]
    assert [row.detail for row in actions("totals")] == ["from version 1 to 2"]
    written = orders.change("o1", 5)
    follow_what_is_read()
    wait_for("totals", written, 0.0)
    assert rows()["o1"] == (5, 3)


def test_names_of_indexes_are_those_of_the_models_after_a_switch(
    orders: Orders,
) -> None:
    before = names_of_indexes()

    switch(2, accept=True)

    assert names_of_indexes() == before
    OrderTotal.objects.create(stream_id="x.y", quantity=1)  # the sequence came along


def names_of_indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'tests_ordertotal'"
        )
        return {row[0] for row in cursor.fetchall()}


def test_a_build_has_no_effects_of_what_happened_before(orders: Orders) -> None:
    building = make_building("totals", 2, SystemClock())
    orders.change("o1", 4)
    follow_what_is_read()
    assert Totals.happened == [(1, f"{orders.stream('o1')} 4")]

    built = building.run()

    assert (built.is_complete, built.handled) == (True, 31)
    assert Totals.happened == [(1, f"{orders.stream('o1')} 4")]


def test_effects_begin_at_the_switch(orders: Orders) -> None:
    switch(2, accept=True)
    assert Totals.happened == []
    orders.change("o1", 5)
    follow_what_is_read()

    assert Totals.happened == [(2, f"{orders.stream('o1')} 4")]


def test_versions_that_differ_are_switched_only_if_that_is_meant(
    orders: Orders,
) -> None:
    with pytest.raises(ProjectionsDiffer):
        switch(2)

    assert version_read("totals") == 1
    assert rows()["o1"] == (1, 0)
    switch(3)
    assert version_read("totals") == 3


def test_a_comparison_says_what_differs(orders: Orders) -> None:
    [same] = compare(make_building("totals", 3, SystemClock()))
    [other] = compare(make_building("totals", 2, SystemClock()))

    assert same.is_same
    assert (same.old_rows, same.new_rows) == (10, 10)
    assert (same.sampled, same.missing, same.changed) == (10, 0, 0)
    assert not other.is_same
    assert (other.sampled, other.missing, other.changed) == (10, 0, 10)
    assert other.columns == ["stream_id", "quantity", "changes"]


def test_a_coroutine_writes_the_same_rows_into_its_own_tables(
    orders: Orders, settings: Settings
) -> None:
    only(settings, *PATHS, AWAITED)

    switch(4)  # refused if they differed

    assert version_read("totals") == 4


def test_one_can_switch_back(orders: Orders) -> None:
    switch(2, accept=True)
    orders.change("o1", 5)
    follow_what_is_read()

    switch(1, accept=True)

    assert version_read("totals") == 1
    assert rows()["o1"] == (5, 0)


def test_the_old_version_is_kept_until_it_is_dropped(orders: Orders) -> None:
    switch(2, accept=True)
    switching = Switching(SystemClock(), lambda _: None)
    with pytest.raises(ProjectionNotReady):
        switching.drop("totals", 2, BY_ANN)

    switching.drop("totals", 1, BY_ANN)

    assert tables_in("projection_totals_v1") == []
    states = {one.version: one.state for one in projections(SystemClock().now())}
    assert states == {1: "not built", 2: "read", 3: "not built"}
    assert dropped() == ["version 1"]


@pytest.mark.parametrize(("name", "version"), [("totals", 3), ("totale", 1)])
def test_what_was_never_built_is_not_dropped(
    orders: Orders, name: str, version: int
) -> None:
    with pytest.raises(ProjectionNotReady, match="beside it"):
        Switching(SystemClock(), lambda _: None).drop(name, version, BY_ANN)

    assert dropped() == []


def dropped() -> list[str]:
    """What the record says of versions that people dropped."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT detail FROM eventstore_subscriptionaction WHERE action = 'drop'"
        )
        return [row[0] for row in cursor.fetchall()]


def test_readers_that_never_let_go_keep_it_from_being_switched(
    orders: Orders,
) -> None:
    reading, done = threading.Event(), threading.Event()

    def reader() -> None:
        with transaction.atomic():
            rows()
            reading.set()
            done.wait(120)
        connection.close()

    thread = threading.Thread(target=reader)
    thread.start()
    reading.wait(120)
    building = make_building("totals", 3, SystemClock())
    tries: list[float] = []

    def let_go(seconds: float) -> None:
        tries.append(seconds)
        if len(tries) == 2:
            done.set()
            thread.join()

    Switching(SystemClock(), let_go).switch(building, BY_ANN)

    assert len(tries) == 2
    assert version_read("totals") == 3


def test_there_must_be_something_to_build_beside(
    embedded_store: EventStore, settings: Settings
) -> None:
    only(settings, *PATHS)
    with pytest.raises(ProjectionNotReady):
        make_building("totals", 2, SystemClock())


def test_the_version_that_is_read_is_not_built_again(orders: Orders) -> None:
    with pytest.raises(ProjectionNotReady):
        make_building("totals", 1, SystemClock())


def test_no_newer_code_takes_a_projection_over(
    orders: Orders, settings: Settings
) -> None:
    only(settings, *PATHS[1:])

    assert "totals" not in roster()
    [first, *_] = projections(SystemClock().now())
    assert first.state == "read, nobody follows: no code"


def test_two_of_one_version_are_refused(settings: Settings) -> None:
    only(settings, PATHS[0], PATHS[0])
    with pytest.raises(ImproperlyConfigured):
        configured()
