"""The pages of subscriptions, where projections follow: which version is read, which is beside it, and neither is reset."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from eventstore.clock import SystemClock
from eventstore.management.roster import roster
from eventstore.projections.building import make_building
from eventstore.queries.subscriptions import actions
from eventstore.subscriptions.follower import Follower
from eventstore.subscriptions.registering import register
from tests.integration.pages.test_pages_policy import hold_to_policy
from tests.integration.pages.test_pages_queries import MOST
from tests.support.following import Orders, follow
from tests.support.panels import rows
from tests.support.projecting import PATHS, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db", "orders")

LIST = "/admin/subscriptions/"
READ = "/admin/subscriptions/totals/"
BESIDE = "/admin/subscriptions/totals%232/"
RESET = {"reason": "anew", "to": "beginning"}
NO_CODE = "tests.support.projecting.Nowhere"


@pytest.fixture
def orders(embedded_store: EventStore, settings: Settings) -> Iterator[Orders]:
    """The first version is read, the second is built beside it, the third has code and no more."""
    only(settings, PATHS[0])
    made, clock = Orders(embedded_store), SystemClock()
    with tables():
        made.place("a", 3)
        register(roster()["totals"], clock)
        follow(Follower(roster()["totals"], clock, random.Random(1)))  # noqa: S311
        only(settings, *PATHS)
        make_building("totals", 2, clock).run()
        yield made


def only(settings: Settings, *paths: str) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": list(paths)}


def states(client: Client) -> dict[int, str]:
    return {one.version: one.state for one in rows(client.get(LIST), 1)}


def test_the_list_says_which_version_is_read(officer: Client) -> None:
    assert states(officer) == {1: "read", 2: "beside", 3: "not built"}

    answer = officer.get(LIST)
    assert answer.text.count(f'href="{READ}"') == 2  # as a subscription, as a version
    assert answer.text.count(f'href="{BESIDE}"') == 2
    hold_to_policy(answer)


def test_a_version_that_nobody_follows_is_named(
    officer: Client, settings: Settings
) -> None:
    only(settings, PATHS[1])

    assert states(officer) == {1: "read, nobody follows: no code", 2: "beside"}


def test_a_projection_that_nobody_has_followed_for_is_named(
    officer: Client,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE eventstore_subscription, eventstore_checkpoint")

    assert states(officer) == {1: "not built", 2: "not built", 3: "not built"}


def test_without_projections_there_is_no_panel(
    officer: Client, settings: Settings
) -> None:
    only(settings)

    assert "versions-h" not in officer.get(LIST).text


def test_its_page_says_whether_it_is_read(officer: Client) -> None:
    read, beside = officer.get(READ), officer.get(BESIDE)

    assert "tables are those that are read" in read.text
    assert "stands beside the one that is read" in beside.text
    for answer in (read, beside):
        hold_to_policy(answer)


@pytest.mark.parametrize("name", ["totals", "totals#2"])
def test_no_version_is_reset(officer: Client, name: str) -> None:
    page = officer.get(reverse("admin:subscription", args=[name]))
    answer = officer.post(
        reverse("admin:subscription_act", args=[name, "reset"]),
        RESET | {"confirmed": name},
    )

    assert "Reset…" not in page.text
    assert "Pause…" in page.text
    assert answer.status_code == 400
    assert "manage.py projections build totals" in answer.text
    assert actions(name) == []


def test_classes_that_cannot_be_loaded_hide_no_figures_and_nothing_is_reset(
    officer: Client, settings: Settings
) -> None:
    only(settings, NO_CODE)

    listed, page = officer.get(LIST), officer.get(READ)
    answer = officer.post(
        reverse("admin:subscription_act", args=["totals", "reset"]),
        RESET | {"confirmed": "totals"},
    )

    assert "The projections cannot be loaded" in listed.text
    assert READ in listed.text
    assert page.status_code == 200
    assert "Reset…" not in page.text
    assert answer.status_code == 400
    assert "Nothing was done" in answer.text
    assert actions("totals") == []
    for one in (listed, page, answer):
        assert "Nowhere" not in one.text  # that is for the log
        hold_to_policy(one)


@pytest.mark.parametrize("page", [LIST, READ, BESIDE])
def test_a_page_costs_at_most_eight_queries(officer: Client, page: str) -> None:
    with CaptureQueriesContext(connection) as made:
        answer = officer.get(page)

    assert answer.status_code == 200
    assert len(made) <= MOST, [query["sql"][:80] for query in made.captured_queries]
