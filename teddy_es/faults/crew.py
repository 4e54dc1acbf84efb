"""The campaign's processes: writers, mirrors, followers, who reads and loads, a worker and its beat; each slot is started
again as often as it is killed."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from teddy_es.faults.world import Process, World

WRITERS: Final = ("threads", "async", "sync")  # how each works: `writer.STYLES`
MIRRORS: Final = 2
FOLLOWERS: Final = 2
PARTITIONS: Final = 6
_CELERY: Final = ("-m", "celery", "--app", "teddy_es.celery")
# one process, so that who is killed is who was at work
_WORKER: Final = (
    *("worker", "--pool", "solo", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)
_BEAT: Final = (
    *("beat", "--scheduler", "celery.beat:Scheduler"),
    *("--loglevel", "WARNING", "--pidfile="),
)
_PATIENCE_S: Final = 900


class CrewFailed(Exception):  # noqa: N818  (it is what happened)
    """A step of the campaign's own did not come to its end; its log says why."""


@dataclass
class Slot:
    """One process after another, under one name."""

    name: str
    world: World
    arguments: list[str]
    env: Mapping[str, str]
    given: dict[str, Any] | None = None  # to a task of ours
    generation: int = 0
    process: Process | None = None

    def start(self) -> Process:
        """The next generation."""
        arguments = self.given and [
            json.dumps(self.given | {"generation": self.generation})
        ]
        name = f"{self.name}-{self.generation}"
        self.process = self.world.spawn(
            name, [*self.arguments, *(arguments or [])], self.env
        )
        self.generation += 1
        return self.process

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self.process:
            self.process.process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        if self.process:
            self.process.kill()
            self.process = None

    def ended(self) -> int | None:
        """The exit code, if it has ended though nobody asked for it."""
        return self.process.process.poll() if self.process else None

    def wait(self) -> None:
        """Until it has ended."""
        if self.process:
            self.process.process.wait(_PATIENCE_S)
            self.process = None


@dataclass
class Crew:
    """All of them."""

    world: World
    seed: str
    writers: list[Slot] = field(default_factory=list)
    mirrors: list[Slot] = field(default_factory=list)
    followers: list[Slot] = field(default_factory=list)
    loaders: list[Slot] = field(default_factory=list)
    workers: list[Slot] = field(default_factory=list)
    beats: list[Slot] = field(default_factory=list)
    erasers: list[Slot] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, style in enumerate(WRITERS):
            arguments = {"slot": number, "slots": len(WRITERS), "style": style}
            self.writers.append(self._task(f"writer-{number}", "write", arguments))
        mirror = ["-m", "django", "mirror"]
        for number in range(MIRRORS):
            env = self._env(by_proxy=False)
            self.mirrors.append(Slot(f"mirror-{number}", self.world, mirror, env))
        for number in range(FOLLOWERS):  # one of them past the proxy
            slot = self._task(f"follower-{number}", "follow", {"slot": number})
            slot.env = self._env(by_proxy=not number)
            self.followers.append(slot)
        self.erasers.append(self._task("eraser", "erase", {}))
        where = {"directory": str(self.world.folder)}
        self.reader = self._our_own("read", where, by_proxy=True)
        loader = ["-m", "teddy_es.faults.process", "load"]
        through = self._env(by_proxy=True)
        self.loaders.append(Slot("loader", self.world, loader, through, where))
        tasks = self.world.folder / "tasks"
        tasks.mkdir(exist_ok=True)
        env = {**through, "TEDDY_TASKS": str(tasks)}
        for name, slots, what in (
            ("worker", self.workers, _WORKER),
            ("beat", self.beats, _BEAT),
        ):
            slots.append(Slot(name, self.world, [*_CELERY, *what], env))

    @property
    def slots(self) -> Iterator[Slot]:
        """All of them."""
        yield from (*self.writers, *self.mirrors, *self.followers, self.reader)
        yield from (*self.loaders, *self.workers, *self.beats, *self.erasers)

    def start(self) -> None:
        """Everybody begins."""
        for slot in self.slots:
            slot.start()

    def stop_writers(self) -> None:
        """Ask all, then wait for each; then everybody is erased with whom it was begun."""
        self._stop([*self.writers, *self.erasers])
        where = {"directory": str(self.world.folder)}
        self._run(self._our_own("finish_erasing", where, by_proxy=True))

    def stop_workers(self) -> None:
        """Whoever runs jobs, and who asks for them."""
        self._stop([*self.beats, *self.workers])

    def stop_others(self) -> None:
        """Mirrors, who reads and loads; the reader reads the feed to its end first, the loader loads each stream once more."""
        self._stop([*self.mirrors, self.reader, *self.loaders])

    def stop_followers(self) -> None:
        """When they have handled everything, or the patience with them is at its end."""
        arguments = {"directory": str(self.world.folder)}
        self._run(self._our_own("await_followers", arguments, by_proxy=False))
        self._stop(self.followers)

    def end(self) -> None:
        """Whoever still runs is killed."""
        for slot in self.slots:
            slot.kill()

    def command(self, *arguments: str) -> None:
        """A command of manage.py's, to its end."""
        name = arguments[0]
        command, env = ["-m", "django", *arguments], self._env(by_proxy=False)
        self._run(Slot(name, self.world, command, env))

    def resolve(self) -> None:
        """Find out about everything that is unknown."""
        arguments = {"directory": str(self.world.folder), "seed": self.seed}
        self._run(self._our_own("resolve", arguments, by_proxy=True))

    def _run(self, slot: Slot) -> None:
        process = slot.start()
        try:
            code = process.process.wait(_PATIENCE_S)
        finally:
            process.stop()
        if code:
            msg = f"{slot.name} ended with {code}: see {self.world.folder / 'logs'}"
            raise CrewFailed(msg)

    def _stop(self, slots: list[Slot]) -> None:
        for slot in slots:
            slot.send(signal.SIGTERM)
        for slot in slots:
            slot.wait()

    def _our_own(
        self, task: str, task_arguments: dict[str, Any], *, by_proxy: bool
    ) -> Slot:
        """That has no generations."""
        arguments = ["-m", "teddy_es.faults.process", task, json.dumps(task_arguments)]
        return Slot(task, self.world, arguments, self._env(by_proxy=by_proxy))

    def _task(self, name: str, task: str, task_arguments: dict[str, Any]) -> Slot:
        common = {"directory": str(self.world.folder), "seed": self.seed}
        arguments = ["-m", "teddy_es.faults.process", task]
        env = self._env(by_proxy=True)
        return Slot(name, self.world, arguments, env, task_arguments | common)

    def _env(self, *, by_proxy: bool) -> dict[str, str]:
        env = self.world.environment(by_proxy=by_proxy)
        return {**env, "TEDDY_PARTITIONS": str(PARTITIONS)}
