"""Does the faults of the schedule, each when its time has come, and undoes them."""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from teddy_es.faults.crew import Crew, Slot
    from teddy_es.faults.journal import Journal
    from teddy_es.faults.plan import Fault
    from teddy_es.faults.proxy import Proxy
    from teddy_es.faults.world import World

    Undo = Callable[[], object]

_BACKENDS: Final = """
SELECT pid FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND (state = 'idle' OR NOT %s)
 ORDER BY backend_start
"""

_SERVERS: Final = ("postgres", "broker", "log")  # targets, by their first word
_BREATH_S: Final = 8.0  # as long as the longest fault


@dataclass
class Targets:
    """Whom faults are done to."""

    world: World
    crew: Crew
    proxies: Sequence[Proxy]


class Injector:
    """`turn` does what is due. A target that is under a fault already is left alone; the schedule goes on.

    done: how often each kind was done. Two faults on two targets overlap as the schedule has it. A kind that was never done, for its
    target was not free just then, is tried again in place of the next fault, as soon as that target is.

    breath_s: servers on which nothing was acknowledged for so long are left alone until something is (`works`). A machine that is too
    busy to bring them back between two faults would see them away all the while, and nothing else.
    """

    def __init__(
        self,
        targets: Targets,
        schedule: Iterator[Fault],
        journal: Journal,
        *,
        breath_s: float = _BREATH_S,
    ) -> None:
        self.done: Counter[str] = Counter()
        self._targets = targets
        self._schedule = schedule
        self._journal = journal
        self._under: dict[str, Undo] = {}
        self._due: list[tuple[float, int, str]] = []
        self._missed: dict[str, Fault] = {}
        self._breath_s = breath_s
        self._worked_at: float | None = None
        self._number = count()
        self._next = next(schedule)
        self._next_at: float | None = None

    @property
    def kills(self) -> int:
        """`kill -9`s done."""
        return sum(n for kind, n in self.done.items() if kind.endswith(" kill"))

    def is_under(self, slot: Slot) -> bool:
        """Whether this process is meant to be dead or frozen now."""
        return slot.name in self._under

    def turn(self, now: float) -> None:
        """Undo what has lasted long enough, then do what is next. now: seconds, monotonic."""
        while self._due and self._due[0][0] <= now:
            self._undo(heappop(self._due)[2])
        if self._next_at is None:
            self._next_at = now + self._next.after_s
            self.works(now)
        if self._next_at <= now:
            fault = self._missed_and_free(now)
            if fault is None:
                fault, self._next = self._next, next(self._schedule)
            self._do(fault, now)
            self._next_at = now + self._next.after_s

    def works(self, now: float) -> None:
        """Something was acknowledged."""
        self._worked_at = now

    def _missed_and_free(self, now: float) -> Fault | None:
        for kind, fault in self._missed.items():
            what, manner = kind.split()
            target, _ = self._chosen(what, manner, fault.which)
            if self._is_free(target, now):
                return self._missed.pop(kind)
        return None

    def _is_free(self, target: str, now: float) -> bool:
        is_server = target.split()[0] in _SERVERS
        since = self._worked_at
        is_away = is_server and since is not None and now - since > self._breath_s
        return target not in self._under and not is_away

    def finish(self) -> None:
        """Undo everything."""
        for target in list(self._under):
            self._undo(target)
        self._due.clear()

    def _undo(self, target: str) -> None:
        self._under.pop(target)()

    def _do(self, fault: Fault, now: float) -> None:
        what, manner = fault.kind.split()
        target, act = self._chosen(what, manner, fault.which)
        undo = act() if self._is_free(target, now) else None
        if undo:
            self._under[target] = undo
            heappush(self._due, (now + fault.length_s, next(self._number), target))
            self.done[fault.kind] += 1
            self._missed.pop(fault.kind, None)
        elif not self.done[fault.kind]:
            self._missed[fault.kind] = fault
        line = {
            "fault": fault.number,
            "what": str(fault),
            "on": target,
            "done": bool(undo),
        }
        self._journal.write(line)

    def _chosen(
        self, what: str, manner: str, which: int
    ) -> tuple[str, Callable[[], Undo | None]]:
        """The target's name, and what does the fault and says how to undo it: None if it could not be done."""
        targets = self._targets
        if what in (
            "writer",
            "mirror",
            "follower",
            "loader",
            "worker",
            "beat",
            "eraser",
        ):
            slots: Sequence[Slot] = getattr(targets.crew, f"{what}s")
            slot = slots[which % len(slots)]
            return slot.name, lambda: _PROCESS[manner](slot)
        if what == "log":
            number = which % len(targets.proxies)
            return f"log {number}", lambda: _by_proxy(targets.proxies[number], manner)
        if what == "broker":
            broker = targets.world.brokers[which % len(targets.world.brokers)]
            return f"broker {broker}", lambda: _BROKER[manner](targets.world, broker)
        if what == "backend":
            return "postgres", lambda: _BACKEND[manner](targets.world, which)
        return "postgres", lambda: _POSTGRES[manner](targets.world)


# ---- each does it, and gives what undoes it


def _kill(slot: Slot) -> Undo:
    slot.kill()
    return slot.start


def _stop(slot: Slot) -> Undo:
    slot.send(signal.SIGSTOP)
    return lambda: slot.send(signal.SIGCONT)


def _restart(slot: Slot) -> Undo:
    slot.send(signal.SIGTERM)

    def again() -> None:
        slot.kill()  # if it has not come to its end by now
        slot.start()

    return again


def _by_proxy(proxy: Proxy, mode: Any) -> Undo:
    proxy.turn(mode)
    return lambda: proxy.turn("pass")


def _kill_postgres(world: World) -> Undo:
    world.kill_postgres()
    return world.start_postgres


def _restart_postgres(world: World) -> Undo:
    world.stop_postgres()
    return world.start_postgres


def _kill_backend(world: World, which: int) -> Undo | None:
    """One idle backend: the postmaster then ends all of them and recovers, by itself."""
    pid = _backend(world, which, idle=True)
    if pid is None:
        return None
    os.kill(pid, signal.SIGKILL)
    return lambda: None


def _stop_backend(world: World, which: int) -> Undo | None:
    """Freeze one backend, whatever it is doing, with all locks that it holds."""
    pid = _backend(world, which, idle=False)
    if pid is None:
        return None
    world.freeze(pid)
    return lambda: world.thaw(pid)


def _backend(world: World, which: int, *, idle: bool) -> int | None:
    """One of our own postmaster's; None where there is none, or the server recovers from the last fault."""
    try:
        with psycopg.connect(world.url(), autocommit=True) as connection:
            pids = [pid for (pid,) in connection.execute(_BACKENDS, [idle])]
    except psycopg.OperationalError:
        return None
    pid = pids[which % len(pids)] if pids else None
    return pid if pid and world.has_backend(pid) else None


def _kill_broker(world: World, number: int) -> Undo:
    world.kill_broker(number)
    return lambda: world.start_broker(number)


def _pause_broker(world: World, number: int) -> Undo:
    world.pause_broker(number)
    return lambda: world.resume_broker(number)


def _restart_broker(world: World, number: int) -> Undo:
    world.ask_broker_to_stop(number)

    def again() -> None:
        world.kill_broker(number)  # if it has not come to its end by now
        world.start_broker(number)

    return again


_PROCESS: Final = {"kill": _kill, "stop": _stop, "restart": _restart}
_POSTGRES: Final = {"kill": _kill_postgres, "restart": _restart_postgres}
_BACKEND: Final = {"kill": _kill_backend, "stop": _stop_backend}
_BROKER: Final = {
    "kill": _kill_broker,
    "stop": _pause_broker,
    "restart": _restart_broker,
}
