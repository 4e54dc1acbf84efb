"""Do something in a process of its own, begun anew, and see how much memory it took at its peak."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import django

from teddy_es.bench.processes import begin

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from teddy_es.bench.world import World

T = TypeVar("T")


def alone(task: Callable[..., T], world: World, *args: Any) -> tuple[T, float]:
    """What the task returned, called with `args` in that world, and the peak of its process in MB (10^6 bytes).

    The task must be a function of a module. Raises RuntimeError if it raised; its traceback is on the standard error.
    """
    process, ours = begin(_do, task, world, args)
    try:
        answer: tuple[T, float] = ours.recv()
    except EOFError:
        msg = f"the process of {task.__name__} has ended; what it said stands above"
        raise RuntimeError(msg) from None
    finally:
        process.join(5)
        process.kill()
    return answer


def _do(
    task: Callable[..., Any], world: World, args: tuple[Any, ...], pipe: Connection
) -> None:
    django.setup()
    from teddy_es.bench.conf import elsewhere

    with elsewhere(world.database, world.eventstore):
        pipe.send((task(*args), peak_mb()))


def peak_mb() -> float:
    """The most memory that this process has held so far.

    Linux hands `ru_maxrss` on from the process that started this one, so there the kernel's own count is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [x for x in status.read_text().splitlines() if x.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
