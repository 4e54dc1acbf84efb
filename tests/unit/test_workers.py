"""Workers of one run share nothing but Kafka."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from scripts.launcher.commands import test as command
from tests.plugins.workers import own

if TYPE_CHECKING:
    from pathlib import Path


def of(number: int, folder: Path) -> dict[str, str]:
    """What a worker has to itself."""
    return own(
        {
            "PYTEST_XDIST_WORKER": f"gw{number}",
            "TEDDY_TEST_DATABASES": "postgresql:///a postgresql:///b",
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            "TEDDY_TASKS": str(folder / "tasks"),
            "TEDDY_STATIC_ROOT": str(folder / "static"),
            "TEDDY_LOG": "embedded",
        }
    )


def test_two_workers_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = of(0, tmp_path), of(1, tmp_path)

    assert one.keys() == other.keys() == {
        *("DATABASE_URL", "PROMETHEUS_MULTIPROC_DIR"),
        *("TEDDY_STATIC_ROOT", "TEDDY_TASKS"),
    }  # fmt: skip
    assert not set(one.values()) & set(other.values())
    assert (one["DATABASE_URL"], other["DATABASE_URL"]) == (
        "postgresql:///a",
        "postgresql:///b",
    )


def test_a_process_that_is_no_worker_keeps_what_it_has() -> None:
    assert own({"TEDDY_TASKS": "/tasks", "DATABASE_URL": "postgresql:///a"}) == {}


@pytest.mark.parametrize(
    ("given", "arguments", "cores", "workers"),
    [
        (None, [], 2, 2),
        (None, [], 8, 2),
        (None, [], 1, 1),
        (None, ["tests/unit"], 2, 1),
        (3, [], 1, 3),
        (2, ["tests/unit"], 2, 2),
    ],
)
def test_all_tests_run_two_at_a_time_and_a_part_of_them_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
    given: int | None,
    arguments: list[str],
    cores: int,
    workers: int,
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: cores)

    assert command._workers(Namespace(workers=given, arguments=arguments)) == workers


def test_on_a_given_server_they_run_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql:///given")

    assert command._workers(Namespace(workers=2, arguments=[])) == 1
