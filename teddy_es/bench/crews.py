"""Writers at work: as threads of this process or as processes of their own, for so many seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from threading import Barrier
from typing import TYPE_CHECKING, Any

import django

from teddy_es.bench.processes import begin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from teddy_es.bench.contestants import Append
    from teddy_es.bench.world import World


Job = Callable[["World"], AbstractContextManager["Append"]]
"""A function of a module (or a `partial` of one) that gives a process its writer and puts away what it opened."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one measurement saw. latencies: seconds, one for each append; seconds: from the start to the last answer."""

    latencies: Sequence[float]
    seconds: float

    @property
    def per_second(self) -> float:
        """Appends a second, all writers together."""
        return len(self.latencies) / self.seconds


class Threads:
    """A thread for each writer; a single one works in the caller's."""

    def __init__(self, writers: Sequence[Append]) -> None:
        self._writers = writers

    def work(self, seconds: float) -> Sample:
        """Append one after another, each on its own, for so long.

        Nobody begins before all are there; each appends at least once.
        """
        ready = Barrier(len(self._writers))
        if len(self._writers) == 1:
            shifts = [_shift(self._writers[0], ready, seconds)]
        else:
            with ThreadPoolExecutor(len(self._writers)) as pool:
                futures = [
                    pool.submit(_shift, append, ready, seconds)
                    for append in self._writers
                ]
                shifts = [future.result() for future in futures]
        return Sample(
            [one for _, latencies, _ in shifts for one in latencies],
            max(ended for *_, ended in shifts) - min(began for began, *_ in shifts),
        )


class Processes:
    """A process for each job."""

    def __init__(self, world: World, jobs: Sequence[Job]) -> None:
        self._pipes: list[Connection] = []
        self._processes: list[BaseProcess] = []
        try:
            for job in jobs:
                process, pipe = begin(_serve, job, world)
                self._pipes.append(pipe)
                self._processes.append(process)
            self._heard()  # all are ready
        except BaseException:
            self.close()
            raise

    def work(self, seconds: float) -> Sample:
        """As `Threads.work`."""
        for pipe in self._pipes:
            pipe.send(seconds)
        samples: list[Sample] = self._heard()
        return Sample(
            [one for sample in samples for one in sample.latencies],
            max(sample.seconds for sample in samples),
        )

    def close(self) -> None:
        """Send them home: a process ends when nobody is at the other end."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(20)
            process.kill()

    def _heard(self) -> list[Any]:
        try:
            return [pipe.recv() for pipe in self._pipes]
        except EOFError:
            msg = "a writer's process has ended; what it said stands above"
            raise RuntimeError(msg) from None


def _shift(
    append: Append, ready: Barrier, seconds: float
) -> tuple[float, list[float], float]:
    """When it began, how long each append took, when it ended."""
    ready.wait()
    latencies: list[float] = []
    began = now = time.monotonic()
    while not latencies or now < began + seconds:
        before = now
        append()
        now = time.monotonic()
        latencies.append(now - before)
    return began, latencies, now


def _serve(job: Job, world: World, pipe: Connection) -> None:
    """The writer's process: say that it is ready, then work whenever it is told to."""
    django.setup()
    from teddy_es.bench.conf import elsewhere

    with (
        elsewhere(world.database, world.eventstore),
        job(world) as append,
        suppress(EOFError, BrokenPipeError),
    ):
        crew = Threads([append])
        pipe.send("ready")
        while True:
            pipe.send(crew.work(pipe.recv()))
