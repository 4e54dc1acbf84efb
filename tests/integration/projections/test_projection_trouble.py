"""Whoever builds, compares, switches, drops and migrates at once does no harm to the rows that are read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection, connections

from eventstore.clock import SystemClock
from eventstore.errors import ProjectionNotReady
from eventstore.projections import comparing, switching
from eventstore.projections.building import Building, make_building
from eventstore.projections.schemas import drop_tables
from eventstore.projections.statuses import version_read
from eventstore.projections.switching import Switching
from eventstore.queries.subscriptions import status_of
from eventstore.subscriptions.operating import Operating, Order
from tests.integration.projections.test_projections import (
    follow_what_is_read,
    only,
    switch,
)
from tests.support.following import Orders
from tests.support.projecting import PATHS, CountedTotals, rows, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_django.fixtures import Settings

    from eventstore.bus import Published
    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")

BY_BOB = Order("bob", "to see")


@pytest.fixture(autouse=True)
def orders(embedded_store: EventStore, settings: Settings) -> Iterator[Orders]:
    """With the first version read, and three orders in it."""
    only(settings, PATHS[0])
    made = Orders(embedded_store)
    with tables():
        for n in range(3):
            made.place(f"o{n}", 3)
        follow_what_is_read()
        only(settings, *PATHS)
        yield made


def build(version: int = 2) -> Building:
    return make_building("totals", version, SystemClock())


def elsewhere(do: Callable[[], object]) -> None:
    """In another session, to its end."""

    def run() -> None:
        try:
            do()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_build_without_its_tables_does_not_write_to_those_that_are_read() -> None:
    building, before = build(), rows()
    drop_tables("totals", 2)

    with pytest.raises(ProjectionNotReady, match="tests_ordertotal"):
        building.run()

    assert rows() == before
    assert status_of("totals#2", SystemClock().now()).retrying == 0


def test_a_build_that_is_paused_says_so() -> None:
    building = build()
    Operating(SystemClock()).pause("totals#2", BY_BOB)

    with pytest.raises(ProjectionNotReady, match="paused"):
        building.run()


def test_a_build_that_has_caught_up_tries_what_is_parked(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = CountedTotals.handle

    def failing(projection: CountedTotals, events: Sequence[Published]) -> None:
        if any(event.stream_id == orders.stream("o1") for event in events):
            raise ValueError
        handle(projection, events)

    monkeypatch.setattr(CountedTotals, "handle", failing)
    assert build().run().parked == 1
    monkeypatch.setattr(CountedTotals, "handle", handle)

    Operating(SystemClock()).replay("totals#2", None, BY_BOB)

    assert build().run().parked == 0


def test_what_is_dropped_while_it_is_switched_to_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch(2, accept=True)

    def read(name: str) -> int | None:
        monkeypatch.setattr(switching, "version_read", version_read)
        elsewhere(lambda: Switching(SystemClock(), _no_pause).drop(name, 1, BY_BOB))
        return version_read(name)

    building = build(1)
    monkeypatch.setattr(switching, "version_read", read)
    with pytest.raises(ProjectionNotReady, match="dropped"):
        Switching(SystemClock(), _no_pause).switch(
            building, BY_BOB, accept_differences=True
        )

    assert version_read("totals") == 2
    assert rows() == {f"o{n}": (1, 2) for n in range(3)}


def test_of_two_who_switch_one_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    second, third = build(2), build(3)
    begun: list[bool] = []

    def read(name: str) -> int | None:
        found = version_read(name)
        if (
            not begun
        ):  # between the look at what is read and its being made to stand still
            begun.append(True)
            elsewhere(
                lambda: Switching(SystemClock(), _no_pause).switch(
                    second, BY_BOB, accept_differences=True
                )
            )
        return found

    monkeypatch.setattr(comparing, "version_read", read)
    with pytest.raises(ProjectionNotReady, match="switched it meanwhile"):
        Switching(SystemClock(), _no_pause).switch(third, BY_BOB)

    assert version_read("totals") == 2


def test_tables_that_a_migration_went_by_are_not_switched_to() -> None:
    build().run()
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE projection_totals_v2.tests_ordertotal DROP COLUMN changes"
        )

    with pytest.raises(ProjectionNotReady, match="changes"):
        switch(2, accept=True)

    assert version_read("totals") == 1
    assert rows() == {f"o{n}": (1, 0) for n in range(3)}


def _no_pause(_seconds: float) -> None:
    pass
