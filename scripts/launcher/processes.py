"""Start, await and stop child processes: each in a session of its own, on a leash."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.launcher.console import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

LEASH = Path(__file__).with_name("leash.py")
POLL_S = 0.05


@dataclass
class Child:
    """A long-running process of ours and how it likes to be stopped."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    grace_s: float
    begun_at: int = 0  # bytes of the log that earlier ones have written

    @property
    def pid(self) -> int:
        """The process id of the command itself: the leash becomes it."""
        return self.process.pid

    def how_it_ended(self) -> str:
        """In words: its exit code and what it said last, or the signal that ended it, of which it cannot have said anything."""
        code = self.process.returncode
        if code < 0:
            return f"exit code {exit_code(code)} ({signal.Signals(-code).name}); its log: {self.log}"
        return f"exit code {code}: {last_words(self.log, self.begun_at)}"

    def ask_to_stop(self) -> None:
        """Send the stop signal; do not wait."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask it to stop, wait for its grace, then kill it and what it started."""
        self.ask_to_stop()
        try:
            self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and what it started, at once, and wait until it is gone."""
        if self.process.poll() is None:
            # Its own session: the group is the command and its workers, nobody else.
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace_s: float = 10,
) -> Child:
    """Start a command; its output goes to the log file."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        begun_at = output.tell()
        process = subprocess.Popen(
            leashed(command, stop_signal),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name, process, log, stop_signal, grace_s, begun_at)


def leashed(
    command: Sequence[str | Path], on_death: signal.Signals = signal.SIGTERM
) -> list[str]:
    """The command behind leash.py."""
    leash = [sys.executable, "-I", "-S", str(LEASH), str(int(on_death))]
    return [*leash, str(os.getpid()), *map(str, command)]


def wait_until(ready: Callable[[], bool], child: Child, *, timeout_s: float) -> None:
    """Poll until the child is ready. It ended or time is up: say so, with its log."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if child.process.poll() is not None:
            code = exit_code(child.process.returncode)
            message = f"{child.name} ended while starting: {last_words(child.log, child.begun_at)}"
            raise Trouble(message, exit_code=code or 1)
        if time.monotonic() > deadline:
            raise Trouble(
                f"{child.name} is not ready after {timeout_s:.0f} s: "
                f"{last_words(child.log, child.begun_at)}"
            )
        time.sleep(POLL_S)


def exit_code(returncode: int) -> int:
    """As a shell has it: 128 + the signal for a process that a signal ended."""
    return returncode if returncode >= 0 else 128 - returncode


def last_words(log: Path, begun_at: int = 0) -> str:
    """The last line that says something, and where the others are. What stands before `begun_at` others have said."""
    lines = [line for line in _tail(log, begun_at) if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "FATAL" in line]
    # a full disk is the cause of whatever else is said behind it
    full = [line for line in lines if os.strerror(errno.ENOSPC) in line]
    word = (full or errors or lines or ["it said nothing"])[-1].strip()
    return f"{word[:300]} (all of it: {log})"


def _tail(log: Path, begun_at: int) -> list[str]:
    with log.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(begun_at, stream.tell() - 8192))
        return stream.read().decode(errors="replace").splitlines()


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    what: str,
    log: Path,
    cwd: Path | None = None,
    hint: str = "",
) -> str:
    """Run a step to its end; what it said. Its failure is one line; its output stays in the log."""
    step = spawn(what, command, env=env, log=log, cwd=cwd)
    with ended(step):
        code = exit_code(step.process.wait())
    if code:
        raise Trouble(
            f"{what} failed: {last_words(log, step.begun_at)}{hint}", exit_code=code
        )
    return log.read_bytes()[step.begun_at :].decode(errors="replace")


@contextmanager
def ended(child: Child) -> Iterator[Child]:
    """Let nothing of it stay behind when we are interrupted."""
    try:
        yield child
    finally:
        child.stop()


def output_of(command: Sequence[str | Path], *, env: Mapping[str, str]) -> str:
    """What a short command prints. Its failure is one line."""
    done = subprocess.run(
        list(map(str, command)),
        env=dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        last = words[-1] if words else f"exit code {done.returncode}"
        raise Trouble(f"{Path(command[0]).name} failed: {last}")
    return done.stdout


def alive(pid: int) -> bool:
    """Whether a process of that id exists and has not ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
