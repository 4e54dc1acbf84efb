"""Every metric moves when what it counts happens: by real actions, asked for under the names that Prometheus has."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from eventstore.database import connect
from eventstore.errors import EventStoreError
from eventstore.events import Expected, NewEvent
from eventstore.repository import AggregateRepository
from eventstore.snapshots import snapshot_store
from eventstore.testing.shop import OrderChanged
from eventstore.upkeep.jobs import Job, Jobs
from tests.plugins.kafka_logs import until
from tests.support.clocks import MovableClock
from tests.support.snapshotting import World, with_topics

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.store import EventStore

pytestmark = pytest.mark.usefixtures("transactional_db")


def told(name: str, **labels: str) -> float:
    """What Prometheus would be told now; 0 for what was never counted."""
    return REGISTRY.get_sample_value(f"eventstore_{name}", labels) or 0.0


@dataclass
class Watched:
    """One figure, and how far it has moved since."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    before: float = 0.0

    def __post_init__(self) -> None:
        self.before = told(self.name, **self.labels)

    def moves_by(self, by: float) -> None:
        """Insist on it. An answer is counted by another thread, perhaps a moment later than it is given."""
        until(lambda: told(self.name, **self.labels) - self.before == by)


@pytest.fixture
def world(store: EventStore) -> World:
    """A store with the topics of its snapshots."""
    return with_topics(store)


@pytest.fixture
def kind(world: World) -> dict[str, str]:
    """The label of what only this test does."""
    return {"stream_type": world.order.stream_type}


def a_repository(world: World, **options: Any) -> AggregateRepository[Any]:
    """With snapshots."""
    snapshots = snapshot_store(world.order)
    return AggregateRepository(world.order, world.store, snapshots=snapshots, **options)


# ---- writing


def test_events_and_streams_are_counted_as_they_grow(
    world: World, kind: dict[str, str]
) -> None:
    events, begun = Watched("events_total", kind), Watched("streams_begun_total", kind)
    verdicts = Watched("verdicts_total", {"verdict": "accepted"})

    world.stream("a", 3)
    world.stream("a", 4)
    world.stream("b", 1)

    events.moves_by(8)
    begun.moves_by(2)
    verdicts.moves_by(3)


def test_appends_are_counted_and_timed_by_their_answer(world: World) -> None:
    names = ("append_seconds_count", "append_seconds_bucket")
    watched = {
        outcome: [
            Watched(names[0], {"outcome": outcome}),
            Watched(names[1], {"outcome": outcome, "le": "+Inf"}),
        ]
        for outcome in ("accepted", "wrong-expected-version")
    }
    stream = world.stream("a", 2)

    with pytest.raises(EventStoreError):
        world.store.append(stream, [NewEvent(OrderChanged(quantity=1))], 1)

    for both in watched.values():
        for one in both:
            one.moves_by(1)
    assert told("append_seconds_sum", outcome="accepted") > 0


# ---- loading


def test_a_load_tells_what_it_replayed_and_how_long_it_took_by_where_it_began(
    world: World, kind: dict[str, str]
) -> None:
    name = world.stream("a", 13).partition(".")[2]
    replayed = Watched("replayed_events_sum", kind)
    loads = {
        source: Watched("load_seconds_count", kind | {"source": source})
        for source in ("events", "snapshot", "cache")
    }

    a_repository(world).load(name)
    world.snapshotter().build_due()
    orders = a_repository(world)
    orders.load(name)
    orders.load(name)

    replayed.moves_by(13 + 3 + 0)
    for source in loads:
        loads[source].moves_by(1)
    assert told("load_seconds_sum", **kind, source="events") > 0
    assert told("replayed_events_count", **kind) == 3


# ---- snapshots


def test_snapshots_that_are_built_are_counted_with_their_age(
    world: World, kind: dict[str, str]
) -> None:
    built = Watched("snapshots_built_total", kind)
    ages = Watched("snapshot_age_seconds_count", kind)
    world.stream("a", 25)

    world.snapshotter().build_due()

    built.moves_by(2)
    ages.moves_by(2)
    world.snapshotter().build_due()
    built.moves_by(2)


def test_a_stream_whose_snapshots_cannot_be_made_is_counted_by_the_reason(
    world: World, kind: dict[str, str]
) -> None:
    failed = Watched("snapshot_failures_total", kind | {"code": "unreadable-event"})
    stream = world.stream("a", 8)
    world.strange_event(stream)
    world.strange_event(stream)

    world.snapshotter().build_due()

    failed.moves_by(1)


# ---- jobs


def test_runs_of_jobs_are_counted_by_outcome_and_timed(transactional_db: None) -> None:
    clock, name = MovableClock(), f"job-{uuid4()}"
    seconds = Watched("job_seconds_count", {"job": name})
    runs = {
        outcome: Watched("job_runs_total", {"job": name, "outcome": outcome})
        for outcome in ("done", "failed", "missed")
    }
    jobs, hour = Jobs(connect, clock), timedelta(hours=1)

    def fail() -> dict[str, int]:
        raise LookupError

    jobs.run(Job(name, hour, "nothing", lambda: {"things": 1}))
    clock.ahead += 4 * hour.total_seconds()  # and nobody ran it three times
    with suppress(LookupError):
        jobs.run(Job(name, hour, "nothing", fail))

    runs["done"].moves_by(1)
    runs["failed"].moves_by(1)
    runs["missed"].moves_by(3)
    seconds.moves_by(2)


# ---- errors by code


def _unreadable(world: World) -> object:
    stream = world.stream("strange", 1)
    world.strange_event(stream)
    return a_repository(world).load("strange")


def _early(world: World) -> object:
    world.stream("early", 1)
    return a_repository(world).load("early", version=9)


def _conflict(world: World) -> object:
    stream = world.stream("conflict", 1)
    changed = NewEvent(OrderChanged(quantity=1))
    return world.store.append(stream, [changed], Expected.NO_STREAM)


def _large(world: World) -> object:
    event = NewEvent(OrderChanged(quantity=1))
    return world.store.append(f"{world.order.stream_type}.large", [event] * 1001, 0)


def _elsewhere(world: World) -> object:
    return world.store.append("nowhere", [NewEvent(OrderChanged(quantity=1))], 0)


@pytest.mark.parametrize(
    ("operation", "code", "action"),
    [
        ("load", "stream-not-found", lambda world: a_repository(world).load("nobody")),
        ("load", "version-not-found", _early),
        ("load", "unreadable-event", _unreadable),
        ("append", "wrong-expected-version", _conflict),
        ("append", "invalid-event", _large),
        ("append", "invalid-stream-id", _elsewhere),
    ],
)
def test_errors_are_counted_by_what_was_asked_for_and_their_code(
    world: World, operation: str, code: str, action: Callable[[World], object]
) -> None:
    counted = Watched("errors_total", {"operation": operation, "code": code})

    with pytest.raises(EventStoreError) as refused:
        action(world)

    assert refused.value.code == code
    counted.moves_by(1)


def test_what_went_well_is_no_error(world: World) -> None:
    def all_errors() -> float:
        (metric,) = (m for m in REGISTRY.collect() if m.name == "eventstore_errors")
        return sum(s.value for s in metric.samples if s.name.endswith("_total"))

    before = all_errors()
    answered = Watched("append_seconds_count", {"outcome": "accepted"})

    world.stream("a", 2)
    a_repository(world).load("a")

    answered.moves_by(1)
    assert all_errors() == before
