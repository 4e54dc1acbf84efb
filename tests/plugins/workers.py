"""Tests side by side: what each worker has to itself, and what is one worker's work.

`./teddy test` starts two; scripts/test loads this with them, before Django's settings are read. A worker has a PostgreSQL,
folders and ports of its own, so no test meets its neighbour's tables, roles, sessions or figures. Kafka is shared: what needs it
is one worker's work from first to last, so no broker is started twice and none has two masters. The browser's tests are one
worker's last work (tests/conftest.py says why). The rest is given out file by file, in random order, folders of long tests first.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

from scripts.launcher import ports
from scripts.launcher.leash import PR_SET_PDEATHSIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xdist.remote import Producer

FOLDERS: Final = ("PROMETHEUS_MULTIPROC_DIR", "TEDDY_STATIC_ROOT", "TEDDY_TASKS")
TOGETHER: Final = ("kafka", "browser")  # markers: one worker's work
# Of the others, the folders of long tests come first: at the end there is something short for whoever is free.
ORDER: Final = ("acceptance", "faults", "integration", "contracts", "guards", "unit")


def number_of(worker: str) -> int:
    """xdist calls them gw0, gw1 and so on."""
    return int(worker.removeprefix("gw"))


def own(environment: Mapping[str, str]) -> dict[str, str]:
    """What a worker's environment has to itself; nothing in a process that is no worker of such a run."""
    worker = environment.get("PYTEST_XDIST_WORKER")
    databases = environment.get("TEDDY_TEST_DATABASES", "").split()
    if worker is None or not databases:
        return {}
    folders = {
        name: str(Path(environment[name]) / worker)
        for name in FOLDERS
        if name in environment
    }
    return {**folders, "DATABASE_URL": databases[number_of(worker)]}


def _begin() -> None:
    given = os.environ  # noqa: TID251  (this process's, before anybody reads it)
    changes = own(given)
    if not changes:
        return
    for name in FOLDERS:
        if name in changes:
            Path(changes[name]).mkdir(mode=0o700, parents=True, exist_ok=True)
    number = number_of(given["PYTEST_XDIST_WORKER"])
    ports.OURS = ports.OURS[number :: int(given["PYTEST_XDIST_WORKER_COUNT"])]
    given.update(changes)
    _end_with_who_started_us()


def _end_with_who_started_us() -> None:
    """Whoever ends the run ends its workers, with what they started; where there is no prctl, they end at their next word."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


_begin()


def group_of(nodeid: str) -> str:
    """What is given out as a whole: what xdist has put behind an @, else the file."""
    behind = nodeid.rpartition("]")[2]
    return behind.rpartition("@")[2] if "@" in behind else nodeid.partition("::")[0]


class Files(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's, by `group_of`."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Files:
    """Ours, whatever `--dist` says."""
    return Files(config, log)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put together what is one worker's work."""
    for name in TOGETHER:
        if item.get_closest_marker(name):
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is given out goes in the order of its first test."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("kafka"):
        return -1
    if item.get_closest_marker("browser"):
        return len(ORDER)
    return ORDER.index(item.nodeid.split("/")[1])
