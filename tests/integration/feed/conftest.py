"""A store with the domain's streams, and a hub of each test's own."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from eventstore.api.feed import process
from eventstore.store import get_event_store
from tests.support.callers import Caller, a_caller
from tests.support.recorders import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from eventstore.store import EventStore


@pytest.fixture
def living(transactional_db: None, settings: Settings) -> Iterator[EventStore]:
    """The configured store, with all its topics; who looks is remembered."""
    settings.EVENTSTORE = {
        **settings.EVENTSTORE,
        "LOG": "embedded",
        "PARTITIONS": 2,
        "ACCESS_RECORDER": "tests.support.recorders.Recorder",
        "SUBSCRIPTIONS": [],
    }
    Recorder.forget()
    call_command("create_topics", stdout=StringIO())
    yield get_event_store()
    assert process.close()
    Recorder.forget()


@pytest.fixture
def caller(living: EventStore) -> Caller:
    """Who may read and append, and opens nothing."""
    return a_caller(
        "service", scopes=["streams:read", "streams:append"], purpose="audit"
    )


@pytest.fixture
def opening(living: EventStore) -> Caller:
    """Who may see what is sealed."""
    scopes = ["streams:read", "pii:read"]
    return a_caller("opening", scopes=scopes, purpose="audit")
