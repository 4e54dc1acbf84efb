"""Services: children that are started anew when they end, after a pause that grows."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.launcher.console import note
from scripts.launcher.processes import alive, exit_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.launcher.processes import Child


@dataclass(frozen=True)
class Patience:
    """How long to wait before a start, and from when on a service is believed to run. Seconds."""

    first_s: float = 1
    longest_s: float = 60
    settled_s: float = 30
    leftovers_s: float = 5  # for what a service had started to end by itself
    starts: int = 3  # so many that came to nothing in a row are told as one trouble

    def before(self, failed: int) -> float:
        """The pause before the next start, after so many that came to nothing in a row (1 or more)."""
        return min(self.longest_s, self.first_s * 2.0 ** min(failed - 1, 30))


@dataclass
class Service:
    """One of them. `start` starts it, `look` is called again and again and starts it anew when it is time."""

    name: str
    spawn: Callable[[], Child]
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], float] = time.monotonic
    child: Child | None = None
    restarts: int = 0
    last_exit: int | None = None
    _failed: int = 0
    _since: float = 0
    _ended: float = 0
    _next: float = 0
    _left: int | None = (
        None  # the process group of one that ended, if others of it live
    )

    def start(self) -> Child:
        """Start it; the child that runs now."""
        self._since = self.clock()
        self.child = self.spawn()
        return self.child

    def look(self) -> bool:
        """Whether anything changed: it ended, or was started anew."""
        if self.child is not None:
            return self._has_ended(self.child)
        if self.clock() < self._next or self._is_occupied():
            return False
        self.restarts += 1
        self.start()
        return True

    def _has_ended(self, child: Child) -> bool:
        if child.process.poll() is None:
            return False
        self._ended = self.clock()
        ran = self._ended - self._since
        self._failed = 1 if ran >= self.patience.settled_s else self._failed + 1
        self.last_exit = exit_code(child.process.returncode)
        pause = self.patience.before(self._failed)
        self._next = self._ended + pause
        self._left, self.child = child.pid, None
        _signal_group(self._left, signal.SIGTERM)
        self._tell(child, pause)
        return True

    def _tell(self, child: Child, pause: float) -> None:
        how = f"ended with {child.how_it_ended()}"
        if self._failed >= self.patience.starts:
            how = (
                f"does not stay up: {self._failed} times soon after its start it {how}"
            )
        note(
            f"teddy: {self.name} {how}. Started anew in {pause:.0f} s; the others go on."
        )

    def _is_occupied(self) -> bool:
        """Whether processes that it had started are still there. They were asked to end, and are killed in time."""
        if self._left is None or not _signal_group(self._left, signal.SIGTERM):
            self._left = None
        elif self.clock() - self._ended >= self.patience.leftovers_s:
            # Gone by the next look, or a zombie that nobody fetches: neither holds a port or a lock.
            _signal_group(self._left, signal.SIGKILL)
            self._left = None
            return True
        return self._left is not None

    def ask_to_stop(self) -> None:
        """Send the stop signal; do not wait."""
        if self.child is not None:
            self.child.ask_to_stop()

    def stop(self) -> None:
        """End it and what it started, for good."""
        if self.child is not None:
            self.child.stop()
        elif self._left is not None:
            _signal_group(self._left, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> bool:
    """Whether somebody of it was there. It is a session of our own making whose leader has ended.

    The number is free for others as soon as the last of it is gone: a process that bears it came later, and is somebody else's.
    """
    if alive(group):
        return False
    with suppress(ProcessLookupError):
        os.killpg(group, number)
        return True
    return False
