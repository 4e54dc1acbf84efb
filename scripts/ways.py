"""`python scripts/ways.py`: the rooms of `eventstore/` through which an append goes, an event to its page, a position to its handler.

Each is done on a test database (`DATABASE_URL`), once before it is looked at. A room counts at its first call; a climb back
is a room on a higher floor (pyproject.toml) than the room before it. Run it in the checkout that is meant.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from contextlib import contextmanager
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import django
from house import CORE, floors  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Way:
    """The rooms that are entered while it is on, in the order of their first call, by all threads that begin later."""

    def __init__(self) -> None:
        self.rooms: dict[str, None] = {}
        self.is_on = False

    def __call__(self, frame: FrameType, event: str, _given: object) -> None:
        """A profiler's hook."""
        name = frame.f_code.co_filename
        if self.is_on and event == "call" and name.startswith(f"{CORE}/"):
            room = Path(name).relative_to(CORE).parts[0]
            self.rooms.setdefault(room.removesuffix(".py"))

    def of(self, do: Callable[[], object]) -> str:
        """What can be said of it."""
        self.rooms.clear()
        self.is_on = True
        do()
        self.is_on = False
        by_floor, found = floors(), [*self.rooms]
        climbs = sum(by_floor[b] < by_floor[a] for a, b in pairwise(found))
        return f"{len(found)} rooms, {climbs} climbs back: {' '.join(found)}"


class World:
    """A store with an event in it, a visitor of the console, and somebody who follows."""

    def __init__(self) -> None:
        # the checkout's, once Django is set up
        from django.contrib.auth.models import User
        from django.core.management import call_command
        from django.test import Client

        from eventstore.clock import SystemClock
        from eventstore.store import get_event_store
        from eventstore.subscriptions import Subscription
        from eventstore.subscriptions.follower import Follower
        from eventstore.subscriptions.registering import register

        call_command("create_topics", stdout=StringIO())
        self.store = get_event_store()
        self.append()
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("visitor"))
        subscription = Subscription(name="follower", handler=lambda _: None)
        register(subscription, SystemClock())
        chance = random.Random(1)  # noqa: S311  (repeatable)
        self.follower = Follower(subscription, SystemClock(), chance)

    def append(self) -> None:
        """One event."""
        from eventstore.events import Expected, NewEvent
        from teddy_es.domain.conversation import ConversationStarted

        event = NewEvent(ConversationStarted(child_id="child-1"))
        stream = f"conversation.{uuid4()}"
        self.at = self.store.append(stream, [event], Expected.NO_STREAM).positions[0]

    def look(self) -> None:
        """At the page of the event that was appended last. Raises RuntimeError if there is none."""
        status = self.client.get(f"/admin/events/{self.at}/", secure=True).status_code
        if status != 200:
            raise RuntimeError(status)

    def follow(self) -> None:
        """Handle what there is."""
        self.follower.round()


@contextmanager
def on_a_test_database() -> Iterator[Way]:
    """With what looks on."""
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
    )

    from eventstore.store import get_event_store

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    way = Way()
    threading.setprofile(way)
    sys.setprofile(way)
    try:
        yield way
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        get_event_store().close()
        teardown_databases(made, verbosity=0)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teddy_es.settings")
    django.setup()
    with on_a_test_database() as way:
        world = World()
        for what, do in (
            ("an append", world.append),
            ("an event to its page", world.look),
            ("a position to its handler", world.follow),
        ):
            do()
            world.append()
            print(f"{what}: {way.of(do)}")  # noqa: T201
