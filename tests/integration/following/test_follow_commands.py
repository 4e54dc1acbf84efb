"""`subscriptions` and `projections` as people and programs call them; and a process that follows."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from eventstore.clock import SystemClock
from eventstore.management.roster import make_worker
from eventstore.projections.building import make_building
from eventstore.projections.switching import Switching
from eventstore.queries.subscriptions import statuses
from eventstore.service import get_service
from eventstore.subscriptions import Subscription, wait_for
from eventstore.subscriptions.operating import Order
from eventstore.testing.shop import OrderChanged
from tests.support.following import (
    Orders,
    Totals,
    follow,
    follower,
    seen,
)
from tests.support.processes import a_process
from tests.support.projecting import PATHS, rows, tables

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db", "table")

BY_ANN = ("--by", "ann", "--reason", "a good one")
POISON = Totals("poisoned", poison={("a", 2): ValueError()})
poisoned = Subscription(name="poisoned", handler=POISON, retries=())


@pytest.fixture
def orders(embedded_store: EventStore, settings: Settings) -> Orders:
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "SUBSCRIPTIONS": ["tests.integration.following.test_follow_commands.poisoned"],
        "PROJECTIONS": PATHS,
    }
    return Orders(embedded_store)


def told(*words: str) -> str:
    """What a command says."""
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def told_json(*words: str) -> Any:
    """What it says to programs."""
    return json.loads(told(*words, "--json"))


def test_a_parked_stream_is_shown_and_skipped(orders: Orders) -> None:
    orders.place("a", 3)
    follow(follower(poisoned))

    [listed] = told_json("subscriptions", "list")
    shown = told_json("subscriptions", "show", "poisoned")
    text = told("subscriptions", "show", "poisoned")

    assert (listed["name"], listed["parked"], listed["state"]) == (
        "poisoned",
        1,
        "up to date",
    )
    [stream] = shown["streams"]
    assert (stream["stream_id"], stream["error"]) == (orders.stream("a"), "ValueError")
    assert "waits for a person" in text
    assert "poisoned" in told("subscriptions", "list")

    told("subscriptions", "skip", "poisoned", orders.stream("a"), *BY_ANN)
    follow(follower(poisoned))

    assert seen("poisoned") == {"a": [1, 3]}
    assert "ann: skip" in told("subscriptions", "show", "poisoned")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("subscriptions", "show", "nobody"), "No subscription is named nobody"),
        (("subscriptions", "skip", "poisoned", "a.b", *BY_ANN), "is not parked"),
        (("subscriptions", "pause", "poisoned", "--reason", " "), "Give a reason"),
        (
            ("subscriptions", "reset", "poisoned", "--to", "x", *BY_ANN),
            "x is not where one can begin",
        ),
        (
            ("subscriptions", "reset", "poisoned", "--to", "other/0:5", *BY_ANN),
            "names other/0, which this store does not have",
        ),
        (("subscriptions", "run", "nobody"), "No code follows as nobody"),
        (("projections", "build", "nothing"), "No projection is named nothing"),
        (("projections", "build", "totals"), "stays as it is"),
        (("subscriptions", "reset", "totals", "--to", "now", *BY_ANN), "built anew by"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    orders: Orders, words: tuple[str, ...], says: str
) -> None:
    follower(poisoned)
    with pytest.raises(CommandError, match=says):
        told(*words)


@pytest.mark.parametrize("act", [("forget",), ("reset", "--to", "now")])
def test_with_projections_that_cannot_be_loaded_nothing_is_done(
    orders: Orders, settings: Settings, act: tuple[str, ...]
) -> None:
    follower(poisoned)
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": ["no.such.class"]}
    what, *more = act
    with pytest.raises(CommandError, match="no"):
        told("subscriptions", what, "poisoned", *more, *BY_ANN)


def test_a_pause_and_a_reset(orders: Orders, settings: Settings) -> None:
    POISON.poison, before = {}, POISON.poison
    try:
        orders.place("b", 2)
        one = follower(poisoned)
        told("subscriptions", "pause", "poisoned", *BY_ANN)
        follow(one)
        assert seen("poisoned") == {}
        told("subscriptions", "resume", "poisoned", *BY_ANN)
        follow(one)
        told("subscriptions", "reset", "poisoned", "--to", "beginning", *BY_ANN)
        follow(one)
        assert seen("poisoned") == {"b": [1, 2, 1, 2]}
        with pytest.raises(CommandError, match="out of the settings"):
            told("subscriptions", "forget", "poisoned", *BY_ANN)
        settings.EVENTSTORE = {**settings.EVENTSTORE, "SUBSCRIPTIONS": []}
        told("subscriptions", "forget", "poisoned", *BY_ANN)
        assert told_json("subscriptions", "list") == []
    finally:
        POISON.poison = before


def test_a_projection_from_its_build_to_the_drop_of_the_old_one(
    orders: Orders, settings: Settings
) -> None:
    with tables():
        settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": PATHS[:1]}
        orders.place("a", 3)
        with following():
            until_known("totals")
            wait_for("totals", orders.change("a", 4), 120)
        settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": PATHS[:2]}

        built = told_json("projections", "build", "totals")
        with pytest.raises(CommandError, match="differ"):
            told("projections", "compare", "totals")
        with pytest.raises(CommandError, match="accept-differences"):
            told("projections", "switch", "totals", *BY_ANN)
        assert rows() == {"a": (4, 0)}
        switched = told_json(
            "projections", "switch", "totals", "--accept-differences", *BY_ANN
        )
        assert rows() == {"a": (4, 3)}
        listed = {one["version"]: one for one in told_json("projections", "list")}
        told("projections", "drop", "totals", "1", *BY_ANN)

    assert (built["complete"], built["events"]) == (True, 4)
    assert (switched["version"], switched["before"]) == (2, 1)
    assert listed[2]["read"]
    assert listed[1]["built"]


class following:  # noqa: N801  (reads as a word)
    """A process's worker, in a thread."""

    def __enter__(self) -> following:
        self.stop = threading.Event()
        self.ended: dict[str, str] = {}
        worker = make_worker()

        def run() -> None:
            self.ended = worker.run(self.stop)
            connection.close()

        self.thread = threading.Thread(target=run)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def until_known(name: str) -> None:
    """Until it has its rows."""
    for _ in range(3_000):
        if name in {how.name for how in statuses(SystemClock().now())}:
            return
        threading.Event().wait(0.01)
    pytest.fail(f"{name} never began")


def test_a_worker_goes_on_with_the_version_that_is_switched_on_or_back_to(
    orders: Orders, settings: Settings
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": PATHS[:1]}
    with tables(), following() as process:
        until_known("totals")
        wait_for("totals", orders.place("a", 2), 120)
        settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": PATHS[:2]}

        Switching(SystemClock(), lambda _: None).switch(
            make_building("totals", 2, SystemClock()),
            Order("ann", "counts"),
            accept_differences=True,
        )

        wait_for("totals", orders.change("a", 4), 120)
        assert rows() == {"a": (4, 2)}

        Switching(SystemClock(), lambda _: None).switch(
            make_building("totals", 1, SystemClock()),
            Order("ann", "back"),
            accept_differences=True,
        )

        wait_for("totals", orders.change("a", 5), 120)
        assert rows() == {"a": (5, 0)}
    assert process.ended == {}


def test_the_service_hands_out_durable_subscriptions(
    orders: Orders, settings: Settings
) -> None:
    settings.EVENTSTORE = {**settings.EVENTSTORE, "PROJECTIONS": []}
    get_service().subscribe(Totals("asked"), OrderChanged, durable="asked")

    with following():
        until_known("asked")
        wait_for("asked", orders.place("a", 3), 120)

    assert seen("asked") == {"a": [2, 3]}


def test_a_durable_name_is_given_once() -> None:
    service = get_service()
    service.subscribe(Totals("twice"), durable="twice")
    with pytest.raises(ValueError, match="already"):
        service.subscribe(Totals("twice"), durable="twice")
    with pytest.raises(ValueError, match="durable"):
        service.subscribe(Totals("twice"), most=5)  # type: ignore[call-overload]


def test_with_nothing_to_follow_it_stays_says_so_once_and_ends_when_asked(
    embedded_store: EventStore,
) -> None:
    """Whoever keeps a process alive would start one that ends again and again."""
    del embedded_store
    task: dict[str, Any] = {"name": "subscriptions", "arguments": ["run"]}
    with a_process("command", stderr=subprocess.PIPE, **task) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        said, rest = process.communicate(timeout=120)

    assert "there is nothing to follow" in first
    assert process.returncode == 0
    assert (said, rest) == ("", "")
