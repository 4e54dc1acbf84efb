"""An hour of just running: a writer, two followers who look that nothing is missed or repeated, readers, a token that is rotated."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from django.db import connections

from eventstore.api.accounts import create, rotate
from eventstore.api.scopes import Scope
from teddy_es.bench.contestants import OURS
from teddy_es.bench.figures import Series
from teddy_es.bench.http.looking import Held, grown, looked_at
from teddy_es.bench.http.soak_clients import (
    Client,
    Counts,
    Polled,
    Streamed,
    Token,
    read,
    write,
)
from teddy_es.bench.http.web import served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from teddy_es.bench.http.soak_clients import Followed
    from teddy_es.bench.http.web import Web
    from teddy_es.bench.plan import Plan
    from teddy_es.bench.world import World

STREAMS: Final = 5
READERS: Final = 2
_CAUGHT_UP_S: Final = 60.0  # for the last event to come to each follower


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. append: between two commits; read: between two reads of a reader; rotate: the token; look: at what the workers hold; poll: a long poll."""

    append: float = 0.2
    read: float = 0.5
    rotate: float = 300.0
    look: float = 60.0
    poll: int = 20


def soaked(plan: Plan, world: World, pace: Pace = Pace()) -> Iterator[Series]:
    """For so many seconds, once. missed, repeated: events, by either of the followers.

    Raises RuntimeError for an answer that nobody expects.
    """
    plan.noise.listen()
    name = f"soak-{time.monotonic_ns()}"
    scopes = [Scope.READ, Scope.APPEND]
    token = Token(create(name, scopes=scopes, purpose="audit", bound_to=None).secret)
    counts = Counts()
    with served(world) as web:
        crew = _Crew(world, web, token, counts, pace)
        with looked_at(
            web, world, pace.look, lambda held: plan.tell(f"http/soak: {held}")
        ) as looks:
            crew.work(plan.seconds, name)
    for one in fields(Counts):
        value = float(getattr(counts, one.name))
        yield Series(f"http/soak-{one.name}", OURS, one.metadata["unit"], (value,))
    yield from _of_looks(looks)


def _of_looks(looks: Sequence[Held]) -> Iterator[Series]:
    """A value for each look, and by how much it has grown."""
    for held in fields(Held):
        values = tuple(float(getattr(look, held.name)) for look in looks)
        what = held.name.removesuffix("_mb")
        unit = "MB" if what != held.name else what
        yield Series(f"http/soak-{what}", OURS, unit, values)
        yield Series(f"http/soak-{what}-grown", OURS, unit, (grown(values),))


class _Crew:
    """All who are at work, each in a thread."""

    def __init__(
        self, world: World, web: Web, token: Token, counts: Counts, pace: Pace
    ) -> None:
        self._port, self._token, self._counts = web.address.port, token, counts
        self._types = world.stream("").rstrip(".")
        self._streams = [world.stream(f"soak-{n}") for n in range(STREAMS)]
        self._pace = pace
        self._written: dict[str, int] = {}
        self._stop, self._last_seen = threading.Event(), threading.Event()

    def work(self, seconds: float, account: str) -> None:
        """Followers begin first, so that they see the first event, and end when they have seen the last."""
        pace, stop = self._pace, self._stop
        followers = (
            Polled(self._client(), self._types, pace.poll),
            Streamed(self._client(), self._types),
        )
        for follower in followers:
            follower.begin()
        with ThreadPoolExecutor(READERS + 4) as pool:
            follow = [pool.submit(one.follow, self._last_seen) for one in followers]
            tasks = [pool.submit(self._write), pool.submit(self._rotate, account)]
            tasks += [pool.submit(self._read) for _ in range(READERS)]
            try:
                wait([*follow, *tasks], seconds, return_when=FIRST_EXCEPTION)
                stop.set()
                _ended(tasks)
                self._let_catch_up(followers, follow)
            finally:
                stop.set()
                self._last_seen.set()
                for follower in followers:
                    follower.hang_up()
            _ended(follow)
        self._sum_up(followers)
        for follower in followers:
            follower.client.close()

    def _client(self) -> Client:
        return Client(self._port, self._token, self._counts)

    def _write(self) -> None:
        pace = self._pace.append
        with closing(self._client()) as client:
            write(client, self._streams, self._written, self._stop, pace)

    def _read(self) -> None:
        pace = self._pace.read
        with closing(self._client()) as client:
            read(client, self._streams, self._types, self._stop, pace)

    def _rotate(self, account: str) -> None:
        try:
            while not self._stop.wait(self._pace.rotate):
                self._token.replace(rotate(account).secret)
                self._counts.rotated += 1
        finally:
            connections.close_all()

    def _let_catch_up(
        self, followers: Sequence[Followed], tasks: Sequence[Future[None]]
    ) -> None:
        """Until each has seen the last event, has ended, or never will."""
        until = time.monotonic() + _CAUGHT_UP_S
        while time.monotonic() < until and not any(one.done() for one in tasks):
            if not any(one.missing(self._written) for one in followers):
                return
            time.sleep(0.1)

    def _sum_up(self, followers: Sequence[Followed]) -> None:
        counts = self._counts
        counts.appended = sum(self._written.values())
        for one in followers:
            counts.missed += one.missed + one.missing(self._written)
            counts.repeated += one.repeated
            counts.followed += one.events


def _ended(tasks: Sequence[Future[None]]) -> None:
    """Raises what one of them has ended with."""
    for task in tasks:
        task.result()
