"""Processes of the key store, on one log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.keys import Process, TheLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def log() -> TheLog:
    """What all processes of a test tell."""
    return TheLog()


@pytest.fixture
def processes(transactional_db: None, log: TheLog) -> Iterator[Callable[..., Process]]:
    """Make one more."""
    made: list[Process] = []

    def make(**given: Any) -> Process:
        made.append(Process(log, **given))
        return made[-1]

    yield make
    for process in made:
        process.close()


@pytest.fixture
def process(processes: Callable[..., Process]) -> Process:
    """The only one."""
    return processes()
