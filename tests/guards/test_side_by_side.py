"""Whatever is one worker's work is done by one worker, and everything is done once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.guards.sources import ROOT

if TYPE_CHECKING:
    from pathlib import Path

A_FILE = """
import json, os, pathlib, time
import pytest

def note(request):
    here = pathlib.Path(os.environ["NOTES"]) / request.node.name
    here.write_text(json.dumps([os.environ["PYTEST_XDIST_WORKER"], os.environ["DATABASE_URL"], os.environ["TEDDY_TASKS"], time.monotonic_ns()]))

@pytest.mark.kafka
@pytest.mark.parametrize("n", range(3))
def test_kafka_{name}(n, request):
    note(request)

@pytest.mark.browser
def test_browser_{name}(request):
    note(request)

@pytest.mark.kafka
@pytest.mark.browser
def test_browser_on_a_log_of_its_own_{name}(request):
    note(request)

@pytest.mark.parametrize("n", range(5))
def test_{name}(n, request):
    note(request)
"""
SETTINGS = """
[pytest]
markers =
    kafka: as ours
    browser: as ours
"""


def run(folder: Path, notes: Path) -> subprocess.CompletedProcess[str]:
    """Four such files by two workers."""
    tests = folder / "tests" / "unit"
    tests.mkdir(parents=True)
    notes.mkdir()
    for name in "abcd":
        (tests / f"test_{name}.py").write_text(A_FILE.format(name=name))
    (folder / "pytest.ini").write_text(SETTINGS)
    outside = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}  # noqa: TID251  (we may be a worker ourselves)
    here = {
        "NOTES": str(notes),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # what tests need costs seconds, in each process
        "PYTHONPATH": str(ROOT),
        "TEDDY_TASKS": str(folder / "tasks"),
        "TEDDY_TEST_DATABASES": "postgresql:///a postgresql:///b",
    }
    workers = ["-p", "tests.plugins.workers", "-n", "2", "--dist", "loadfile"]
    command = [sys.executable, "-m", "pytest", "-p", "xdist", *workers]
    return subprocess.run(  # noqa: S603  (our own tests)
        [*command, "--no-loadscope-reorder", "tests"],
        cwd=folder,
        env=outside | here,
        capture_output=True,
        text=True,
        check=False,
    )


def test_groups_and_files_are_one_workers_work_and_each_has_a_database(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "notes"

    done = run(tmp_path / "project", notes)

    found = {note.name: json.loads(note.read_text()) for note in notes.iterdir()}
    by = {name: worker for name, (worker, *_) in found.items()}
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(found) == 4 * (3 + 2 + 5)
    assert len({by[name] for name in by if "kafka" in name}) == 1
    assert len({by[name] for name in by if "browser" in name}) == 1
    for name in "abcd":
        assert len({by[f"test_{name}[{n}]"] for n in range(5)}) == 1
    assert set(by.values()) == {"gw0", "gw1"}
    assert_nothing_follows(found, "browser")
    for worker, database, tasks, _ in found.values():
        assert database == {"gw0": "postgresql:///a", "gw1": "postgresql:///b"}[worker]
        assert tasks == str(tmp_path / "project" / "tasks" / worker)


def assert_nothing_follows(found: dict[str, list[Any]], group: str) -> None:
    """Whoever has done these tests has done the others before."""
    (worker,) = {told[0] for name, told in found.items() if group in name}
    at = {name: told[3] for name, told in found.items() if told[0] == worker}
    begin = min(when for name, when in at.items() if group in name)
    assert all(group in name for name, when in at.items() if when >= begin)
