"""Tests side by side: what each worker has to itself, and what is one worker's work.

`./teddy test` starts two; scripts/test loads this with them, before Django's settings are read. A worker has a PostgreSQL,
folders and ports of its own, so no test meets its neighbour's tables, roles, sessions or figures. Kafka is shared: what needs it
is one worker's work from first to last, so no broker is started twice and none has two masters. The browser's tests are one
worker's last work (tests/conftest.py says why), while the others do what is left. The rest is given out file by file, in random order,
folders of long tests first.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

from scripts.launcher import ports
from scripts.launcher.leash import PR_SET_PDEATHSIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xdist.remote import Producer
    from xdist.workermanage import WorkerController

FOLDERS: Final = ("PROMETHEUS_MULTIPROC_DIR", "TEDDY_STATIC_ROOT", "TEDDY_TASKS")
LAST: Final = "browser"  # whoever gets this gets nothing more
# Markers: one worker's work. What needs a browser and Kafka starts a broker of its own, and leaves the browser's loop behind it.
TOGETHER: Final = (LAST, "kafka")
GROUPS: Final = (
    "groups"  # in what a worker is given: the file for what is given out as a whole
)
_GROUPS: Final = pytest.StashKey[Path]()
# Of the others, the folders of long tests come first: at the end there is something short for whoever is free. What is behind LAST takes
# about as long as that does.
ORDER: Final = (
    "kafka", "acceptance", "faults", "integration", "contracts", "guards", LAST, "unit"
)  # fmt: skip


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


def group_of(item: pytest.Item) -> str | None:
    """What a test is given out with; None: with the others of its file."""
    return next((name for name in TOGETHER if item.get_closest_marker(name)), None)


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Give out files, and groups as a whole, in the order of their first tests.

    xdist's own groups hang on the ids of tests, which pytest 9.2 no longer lets it change; so workers write them into a file.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._groups: dict[str, str] = {}

    def schedule(self) -> None:
        """All workers have collected."""
        self._groups = json.loads(self.config.stash[_GROUPS].read_text("utf-8"))
        super().schedule()

    def _assign_work_unit(self, node: WorkerController) -> None:
        super()._assign_work_unit(node)
        others = (one for one in self.nodes if one is not node)
        if LAST in self.assigned_work[node] and any(
            not one.shutting_down for one in others
        ):
            node.shutdown()  # when it has done what it was given

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid) or nodeid.partition("::")[0]


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Ours, whatever `--dist` says."""
    return Together(config, log)


def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker where to write; the file ends with the run."""
    config = node.config
    if _GROUPS not in config.stash:
        folder = TemporaryDirectory(prefix="teddy-tests-")
        config.add_cleanup(folder.cleanup)
        config.stash[_GROUPS] = Path(folder.name) / "groups.json"
    node.workerinput[GROUPS] = str(config.stash[_GROUPS])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Before xdist says that this worker has collected. All of them write the same."""
    given: Mapping[str, str] = getattr(session.config, "workerinput", {})
    if GROUPS in given:
        groups = {item.nodeid: group_of(item) for item in session.items}
        text = json.dumps({name: group for name, group in groups.items() if group})
        part = Path(f"{given[GROUPS]}.{given['workerid']}")
        part.write_text(text, "utf-8")
        part.rename(given[GROUPS])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is given out goes in the order of its first test."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return ORDER.index(group_of(item) or item.nodeid.split("/")[1])
