"""`python scripts/house.py [--ways]`: how `eventstore/` stands, in figures: rooms, floors, imports, and what is known where.

Run it in the checkout that is meant. `--ways` runs an append, a page and a handler on a test database (`DATABASE_URL`)
and counts the rooms that each comes into, and how often the next of them lies on a higher floor than the one before.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

ROOT: Final = Path.cwd()
CORE: Final = ROOT / "eventstore"
# What applications import, and what Django and Celery look for: it stands at the top whoever uses it.
AT_THE_TOP: Final = """
aggregates apps bus checks clock conf context errors events jobs metrics models ports reading registry repository retrying
sealing service store tasks
"""
LAYOUT: Final = re.compile(
    r"(<<|>>)=?\s*(9|10|38|48|58|_[A-Z_]+)\b|[*/%] 512\b|, 512\)|& 1023\b|~0x3FF|~_INDEX\b"
)
Edges = set[tuple[str, str]]


def files(folder: Path) -> Iterator[Path]:
    """The Python files below it, migrations left out."""
    for path in sorted(folder.rglob("*.py")):
        if not {"__pycache__", "migrations"} & set(path.parts):
            yield path


def module_of(path: Path) -> str:
    """As it is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """What stands at the top level: of the core its module or package, else the package."""
    parts = module.split(".")
    return parts[1] if parts[0] == "eventstore" and len(parts) > 1 else parts[0]


def imported(path: Path, modules: frozenset[str]) -> Iterator[str]:
    """Modules of the core that a file imports, for its types, too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            for name in node.names:
                deeper = f"{node.module}.{name.name}"
                yield deeper if deeper in modules else str(node.module)


def floors() -> Mapping[str, int]:
    """Room → its layer in the contract, from above."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [contract] = [
        one
        for one in config["tool"]["importlinter"]["contracts"]
        if one["id"] == "rooms"
    ]
    return {
        room.strip(" ()"): number
        for number, layer in enumerate(contract["layers"])
        for room in re.split(r"[|:]", layer)
    }


def of_the_house() -> Iterator[tuple[str, object]]:
    """What can be said by reading."""
    modules = frozenset(map(module_of, files(CORE)))
    rooms = {room_of(module) for module in modules} - {"eventstore"}
    edges: Edges = set()
    pairs: Edges = set()
    users: dict[str, set[str]] = defaultdict(set)
    for folder in ("eventstore", "audit", "teddy_es"):
        for path in files(ROOT / folder):
            own = module_of(path)
            for other in imported(path, modules):
                if folder == "eventstore":
                    edges.add((own, other))
                if room_of(own) != room_of(other):
                    users[room_of(other)].add(room_of(own))
                    pairs |= {(room_of(own), room_of(other))} & {
                        (a, b) for a in rooms for b in rooms
                    }
    few = {
        path.stem: len(users[path.stem])
        for path in sorted(CORE.glob("*.py"))
        if path.stem not in {"__init__", *AT_THE_TOP.split()}
        and len(users[path.stem]) <= 2
    }
    knowing = [path for path in files(CORE) if LAYOUT.search(path.read_text("utf-8"))]
    yield "rooms", len(rooms)
    yield "floors", len(set(floors().values()))
    yield "imports, module to module", len(edges)
    yield "imports, room to room", len(pairs)
    yield "files that know the bit layout", len(knowing)
    yield (
        "top-level modules with one user",
        sum(number <= 1 for number in few.values()),
    )


# ---- on the way


class Way:
    """The rooms that are entered while it is on, in the order of their first call, by all threads that begin later."""

    def __init__(self) -> None:
        self.rooms: dict[str, None] = {}
        self.is_on = False

    def __call__(self, frame: FrameType, event: str, _given: object) -> None:
        """A profiler's hook."""
        if self.is_on and event == "call" and (room := _room_at(frame)):
            self.rooms.setdefault(room)

    def told(self, by_floor: Mapping[str, int]) -> str:
        """How many they are, how often the next one lies on a higher floor than the one before, and which they are."""
        rooms = [*self.rooms]
        climbs = sum(by_floor[b] < by_floor[a] for a, b in pairwise(rooms))
        return f"{len(rooms)} rooms, {climbs} climbs back: {' '.join(rooms)}"


def _room_at(frame: FrameType) -> str | None:
    name = frame.f_code.co_filename
    if not name.startswith(f"{CORE}/"):
        return None
    return Path(name).relative_to(CORE).parts[0].removesuffix(".py")


def on_the_ways() -> Iterator[tuple[str, object]]:
    """What can be said by going them, each once before it is looked at."""
    import os
    import threading

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teddy_es.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
    )

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    way = Way()
    threading.setprofile(way)
    sys.setprofile(way)
    try:
        by_floor = floors()
        for name, (prepare, go) in _ways().items():
            for way.is_on in (False, True):
                way.rooms.clear()
                with _off(way):
                    prepare()
                go()
            way.is_on = False
            yield name, way.told(by_floor)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        from eventstore.store import get_event_store

        get_event_store().close()
        teardown_databases(made, verbosity=0)


@contextmanager
def _off(way: Way) -> Iterator[None]:
    was, way.is_on = way.is_on, False
    yield
    way.is_on = was


def _ways() -> Mapping[str, tuple[Callable[[], object], Callable[[], object]]]:
    """What each begins with, and what is looked at."""
    import io
    import random
    from uuid import uuid4

    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from eventstore.clock import SystemClock
    from eventstore.events import Expected, NewEvent
    from eventstore.store import get_event_store
    from eventstore.subscriptions import Subscription
    from eventstore.subscriptions.follower import Follower
    from eventstore.subscriptions.registering import register
    from teddy_es.domain.conversation import ConversationStarted

    call_command("create_topics", stdout=io.StringIO())
    store = get_event_store()

    def append() -> str:
        stream = f"conversation.{uuid4()}"
        event = NewEvent(ConversationStarted(child_id="child-1"))
        [position] = store.append(stream, [event], Expected.NO_STREAM).positions
        return str(position)

    at = append()
    client = Client()
    client.force_login(User.objects.create_superuser("house"))
    subscription = Subscription(name="house", handler=lambda _event: None)
    clock = SystemClock()
    register(subscription, clock)
    follower = Follower(subscription, clock, random.Random(1))  # noqa: S311  (repeatable)
    follower.round()

    def page() -> None:
        answer = client.get(f"/admin/events/{at}/", secure=True)
        assert answer.status_code == 200, answer.status_code  # noqa: S101

    return {
        "the way of an append": (lambda: None, append),
        "the way of an event to its page": (lambda: None, page),
        "the way of a position to its handler": (append, follower.round),
    }


if __name__ == "__main__":
    for what, figure in of_the_house():
        print(f"{what}: {figure}")  # noqa: T201
    if "--ways" in sys.argv:
        for what, figure in on_the_ways():
            print(f"{what}: {figure}")  # noqa: T201
