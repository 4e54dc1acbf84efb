"""Filling a store: all of it arrives, once, on either log; a store with events in it is left alone."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from eventstore.events import NewEvent
from eventstore.log import topics
from eventstore.store import EventStore, make_event_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

ALL = ["--events=2000", "--streams=200"]


@pytest.fixture
def teddy(transactional_db: None, settings: Settings) -> Iterator[EventStore]:
    """The domain's store on the embedded log, empty."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": "embedded", "PARTITIONS": 3}
    store = make_event_store()
    with store.indexer() as indexer:
        topics.create(store.topics, indexer.log, indexer.connection())
    yield store
    store.close()


def synth(*args: str) -> Any:
    out = StringIO()
    call_command("synth", *ALL, "--json", *args, stdout=out)
    return json.loads(out.getvalue())


def counted() -> tuple[int, int]:
    """Events and streams in the index, but for what the log was told of keys."""
    with connection.cursor() as db:
        db.execute(
            "SELECT count(*), count(DISTINCT stream_id) FROM eventstore_event WHERE stream_id NOT LIKE 'privacy.%'"
        )
        found: tuple[int, int] = db.fetchone()
    return found


def test_all_of_it_is_in_the_log_and_folded(teddy: EventStore) -> None:
    said = synth()

    assert counted() == (2_000, 200)
    assert (said["events"], said["duplicates"]) == (2_000, 0)
    assert said["accepted"] == said["commits"] > 200


def test_a_second_run_doubles_nothing(teddy: EventStore) -> None:
    first = synth()

    again = synth("--add")

    assert again["duplicates"] == first["commits"]
    assert again["accepted"] == 0
    assert counted() == (2_000, 200)


def test_another_seed_adds_other_events(teddy: EventStore) -> None:
    synth()

    assert synth("--add", "--seed=2")["duplicates"] == 0

    assert counted() == (4_000, 400)


def test_a_store_with_events_is_left_alone(teddy: EventStore) -> None:
    who = NewEvent(type="ChildRegistered", data={"parent_id": "p", "name": "Ada"})
    teddy.append("child.child-1", [who], 0)

    with pytest.raises(CommandError, match="--add"):
        synth()

    assert counted() == (1, 1)
