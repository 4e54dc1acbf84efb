"""The injector does what the schedule says, undoes it in time, and leaves alone who is under a fault already."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from scripts.launcher.broken_world import BrokenWorld, parent_of
from teddy_es.faults.injector import Injector, Targets
from teddy_es.faults.journal import Journal, facts
from teddy_es.faults.plan import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Said:
    """Stands for a process, a proxy or a world: writes down what is done to it."""

    name: str = "writer-0"
    heard: list[str] = field(default_factory=list)
    brokers: tuple[int, ...] = (1, 2, 3)

    def __getattr__(self, word: str) -> Any:
        return lambda *given: self.heard.append(" ".join([word, *map(str, given)]))


@dataclass
class Crew:
    """One of each."""

    writers: list[Said]

    @property
    def followers(self) -> list[Said]:
        """The same one."""
        return self.writers


def faults(*kinds: str) -> Iterator[Fault]:
    """These, a second after each other, for a second and a half each; then none for long."""
    for number, kind in enumerate(kinds):
        yield Fault(number, kind, 7, 1.0, 1.5)
    while True:
        yield Fault(99, "log slow", 0, 1_000.0, 1.0)


@pytest.fixture
def done_to(tmp_path: Path) -> Iterator[Any]:
    """Make an injector of these faults on one thing that is everything."""
    journal = Journal(tmp_path / "faults.ndjson")

    def make(*kinds: str, breath_s: float = 8.0) -> tuple[Injector, Said]:
        said: Any = Said()
        targets: Any = Targets(said, Crew([said]), [said])  # type: ignore[arg-type]
        return Injector(targets, faults(*kinds), journal, breath_s=breath_s), said

    yield make
    journal.close()


def test_nothing_is_done_before_its_time(done_to: Any) -> None:
    injector, said = done_to("writer kill")

    injector.turn(0.0)
    injector.turn(0.9)

    assert said.heard == []


@pytest.mark.parametrize(
    ("kind", "done", "undone"),
    [
        ("writer kill", "kill", "start"),
        ("writer stop", "send 19", "send 18"),
        ("follower kill", "kill", "start"),
        ("log cut", "turn cut", "turn pass"),
        ("postgres kill", "kill_postgres", "start_postgres"),
        ("postgres restart", "stop_postgres", "start_postgres"),
        ("broker kill", "kill_broker 2", "start_broker 2"),
        ("broker stop", "pause_broker 2", "resume_broker 2"),
    ],
)
def test_a_fault_is_done_and_undone(
    done_to: Any, kind: str, done: str, undone: str
) -> None:
    injector, said = done_to(kind)

    injector.turn(0.0)
    injector.turn(1.0)
    first = list(said.heard)
    injector.turn(2.6)

    assert (first, said.heard) == ([done], [done, undone])
    assert injector.done == {kind: 1}


def test_who_is_under_a_fault_is_left_alone(done_to: Any, tmp_path: Path) -> None:
    injector, said = done_to("writer stop", "writer kill")

    for now in (0.0, 1.0, 2.0):
        injector.turn(now)

    assert said.heard == ["send 19"]
    assert [f["done"] for f in facts(tmp_path / "faults.ndjson")] == [True, False]
    assert injector.kills == 0


def test_a_kind_that_was_never_done_is_tried_again_when_its_target_is_free(
    done_to: Any,
) -> None:
    injector, said = done_to("writer stop", "writer kill", "writer stop", "log cut")

    for now in (0.0, 1.0, 2.0, 3.0):
        injector.turn(now)

    assert said.heard == ["send 19", "send 18", "kill"]
    injector.turn(4.0)  # the target is under the kill; its kind was done before
    injector.turn(5.0)
    assert said.heard[3:] == ["start", "turn cut"]


def test_servers_that_do_not_come_back_are_left_alone_until_something_is_acknowledged(
    done_to: Any,
) -> None:
    injector, said = done_to("log cut", "postgres kill", "writer kill", breath_s=1.5)
    for now in (0.0, 1.0, 2.6, 3.6):
        injector.turn(now)
    away = list(said.heard)

    injector.works(4.0)
    injector.turn(1_000.0)

    assert away == ["turn cut", "turn pass", "kill"]
    assert injector.done == {"log cut": 1, "writer kill": 1}
    injector.works(1_003.0)
    injector.turn(1_004.0)
    assert said.heard[3:] == ["start", "kill_postgres"]


def test_at_the_end_everything_is_undone(done_to: Any) -> None:
    injector, said = done_to("writer kill", "log slow")
    for now in (0.0, 1.0, 2.0):
        injector.turn(now)

    injector.finish()

    assert said.heard == ["kill", "turn slow", "start", "turn pass"]
    assert injector.kills == 1


def test_what_is_frozen_goes_on_when_it_is_thawed(tmp_path: Path) -> None:
    world = BrokenWorld(tmp_path, log="embedded")
    with subprocess.Popen(
        [sys.executable, "-c", "print(input())"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        world.freeze(process.pid)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert parent_of(process.pid) == os.getpid()

        world.thaw(process.pid)

        assert process.communicate(b"goes on\n")[0] == b"goes on\n"


@pytest.mark.parametrize("kind", ["backend kill", "backend stop"])
def test_a_server_that_does_not_answer_has_no_backend_to_harm(
    done_to: Any, tmp_path: Path, kind: str
) -> None:
    injector, said = done_to(kind)
    said.url = lambda: "postgresql://127.0.0.1:1/nobody"

    injector.turn(0.0)
    injector.turn(1.0)

    assert [f["done"] for f in facts(tmp_path / "faults.ndjson")] == [False]
    assert injector.kills == 0
