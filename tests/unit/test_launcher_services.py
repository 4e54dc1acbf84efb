"""A service that ends is started anew, after a pause that grows; what all stands on ends all."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from scripts.launcher import processes
from scripts.launcher.console import Trouble
from scripts.launcher.services import Patience, Service
from scripts.launcher.supervisor import watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEPS = "import time; time.sleep(600)"


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Spawner:
    """Python that runs the next of these codes, the last one for ever."""

    def __init__(self, folder: Path, *codes: str) -> None:
        self.log = folder / "log"
        self.codes = list(codes)
        self.children: list[processes.Child] = []

    def __call__(self) -> processes.Child:
        code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
        command = [sys.executable, "-c", code]
        child = processes.spawn("it", command, env=os.environ, log=self.log)  # noqa: TID251
        self.children.append(child)
        return child


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services() -> Iterator[list[Service]]:
    found: list[Service] = []
    yield found
    for service in found:
        service.stop()


def made(
    services: list[Service], clock: Clock, spawner: Spawner, **patience: float
) -> Service:
    service = Service("it", spawner, Patience(**patience), clock)  # type: ignore[arg-type]
    services.append(service)
    service.start()
    return service


def let_it_end(service: Service) -> None:
    assert service.child
    service.child.process.wait()
    assert service.look()


def test_the_pause_doubles_up_to_its_limit() -> None:
    patience = Patience(first_s=1, longest_s=60)

    pauses = [patience.before(failed) for failed in (1, 2, 3, 6, 7, 8, 10_000)]

    assert pauses == [1, 2, 4, 32, 60, 60, 60]


def test_one_that_ends_is_started_anew_when_its_pause_is_over(
    tmp_path: Path, clock: Clock, services: list[Service]
) -> None:
    service = made(
        services, clock, Spawner(tmp_path, "import sys; sys.exit(3)", SLEEPS), first_s=2
    )

    let_it_end(service)
    waiting = service.child
    clock.now = 1.9
    too_early = service.look()
    clock.now = 2.0
    in_time = service.look()

    assert waiting is None
    assert not too_early
    assert in_time
    assert (service.restarts, service.last_exit) == (1, 3)
    assert service.child
    assert service.child.process.poll() is None


def test_one_that_ran_long_enough_begins_with_the_shortest_pause_again(
    tmp_path: Path, clock: Clock, services: list[Service]
) -> None:
    service = made(services, clock, Spawner(tmp_path, "pass"), settled_s=30)
    pauses = []

    for runs in (0, 0, 29, 30, 0):
        clock.now += runs
        let_it_end(service)
        pauses.append(service._next - clock.now)
        clock.now = service._next
        service.look()

    assert pauses == [1, 2, 4, 1, 2]


def test_one_that_does_not_stay_up_is_told_with_its_last_words_and_its_log(
    tmp_path: Path,
    clock: Clock,
    services: list[Service],
    capsys: pytest.CaptureFixture[str],
) -> None:
    spawner = Spawner(tmp_path, "import sys; sys.exit('error: no such topic')")
    service = made(services, clock, spawner)

    for _ in range(3):
        let_it_end(service)
        clock.now = service._next
        service.look()

    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("teddy: it ended with exit code 1: error: no such topic")
    assert "it does not stay up: 3 times soon after its start" in lines[2]
    assert f"(all of it: {spawner.log})" in lines[2]
    assert "the others go on" in lines[2]


def test_what_an_earlier_one_said_is_not_quoted_as_its_last_words(
    tmp_path: Path,
    clock: Clock,
    services: list[Service],
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = made(
        services,
        clock,
        Spawner(tmp_path, "import sys; sys.exit('error: old')", "raise SystemExit(4)"),
    )

    let_it_end(service)
    clock.now = service._next
    service.look()
    let_it_end(service)

    assert "exit code 4: it said nothing" in capsys.readouterr().err


def test_one_that_a_signal_ended_is_told_by_the_signal(
    tmp_path: Path,
    clock: Clock,
    services: list[Service],
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = made(services, clock, Spawner(tmp_path, SLEEPS))
    assert service.child

    os.kill(service.child.pid, signal.SIGKILL)
    let_it_end(service)

    assert service.last_exit == 137
    assert "exit code 137 (SIGKILL); its log: " in capsys.readouterr().err


def test_what_it_had_started_is_ended_before_it_starts_anew(
    tmp_path: Path, clock: Clock, services: list[Service]
) -> None:
    """As gunicorn's workers hold the port, and celery's the tasks, of one that was killed."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
    leaves = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {deaf!r}], stdout=subprocess.PIPE); p.stdout.readline()"
    service = made(services, clock, Spawner(tmp_path, leaves, SLEEPS), leftovers_s=5)
    assert service.child
    group = service.child.pid

    let_it_end(service)
    clock.now = 4.9
    held_up = not service.look()
    clock.now = 5
    while not service.look():  # killed, and started by one of the next looks
        pass

    assert held_up
    assert service.restarts == 1
    assert service.child.pid != group


def test_a_process_that_came_later_under_its_number_is_left_alone(
    tmp_path: Path, clock: Clock, services: list[Service]
) -> None:
    """Numbers of processes come again: whoever leads a session of that number now is not what it had started."""
    stranger = Spawner(tmp_path, SLEEPS)()
    service = made(services, clock, Spawner(tmp_path, "pass", SLEEPS))
    let_it_end(service)
    service._left = stranger.pid

    clock.now = 60
    service.look()

    assert stranger.process.poll() is None
    assert service.restarts == 1
    stranger.stop()


def test_a_stop_between_two_starts_starts_nothing(
    tmp_path: Path, clock: Clock, services: list[Service]
) -> None:
    spawner = Spawner(tmp_path, "pass")
    service = made(services, clock, spawner)
    let_it_end(service)

    service.stop()

    assert len(spawner.children) == 1


def test_what_all_stands_on_ends_all_though_services_can_be_started_anew(
    tmp_path: Path, clock: Clock, services: list[Service]
) -> None:
    ground = Spawner(tmp_path, "import sys; sys.exit(5)")()
    service = made(services, clock, Spawner(tmp_path, SLEEPS))

    with pytest.raises(Trouble, match="it ended with exit code 5") as trouble:
        watch([ground], [service])

    assert trouble.value.exit_code == 5
    assert service.restarts == 0
