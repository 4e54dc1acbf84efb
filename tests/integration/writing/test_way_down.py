"""The way of an append leads down, from the store to the log's bytes: who calls whom, as it is walked."""

from __future__ import annotations

import re
import sys
import threading
import tomllib
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import pytest

import eventstore
from eventstore.store import make_event_store
from tests.support.worlds import World, changed

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME: Final = Path(eventstore.__file__).parent
CONTRACTS: Final = tomllib.loads((HOME.parent / "pyproject.toml").read_text("utf-8"))

# Words and ports that every room may use; `metrics` besides calls what it counts.
SHARED: Final = {
    "events",
    "errors",
    "ports",
    "context",
    "clock",
    "conf",
    "sealing",
    "metrics",
    None,  # what is not ours
}

Call = tuple[str | None, str | None]  # who calls whom, both as rooms


def floors() -> dict[str | None, int]:
    """How far down each room stands, by the contract of the rooms."""
    contracts = CONTRACTS["tool"]["importlinter"]["contracts"]
    [layers] = [c["layers"] for c in contracts if c["id"] == "rooms"]
    return {
        room: depth
        for depth, layer in enumerate(layers)
        for room in re.findall(r"\w+", layer)
    }


def room_of(frame: Any) -> str | None:
    """The room that the code of a frame stands in; None for what is not ours."""
    file = Path(frame.f_code.co_filename)
    if not file.is_relative_to(HOME):
        return None
    return file.relative_to(HOME).parts[0].removesuffix(".py")


class Watched:
    """Notes calls from one of our rooms into another while it is told to, in threads that begin under it, too."""

    def __init__(self) -> None:
        self.is_on = False
        self.calls: set[Call] = set()

    def note(self, frame: Any, event: str, _argument: object) -> None:
        """For `sys.setprofile`."""
        if self.is_on and event == "call" and frame.f_back is not None:
            caller, callee = room_of(frame.f_back), room_of(frame)
            rooms = {caller, callee}
            if len(rooms) == 2 and not rooms & SHARED:
                self.calls.add((caller, callee))


@contextmanager
def watched() -> Iterator[Watched]:
    """Profilers of others come back at the end."""
    watching, before = Watched(), sys.getprofile()
    threading.setprofile(watching.note)
    sys.setprofile(watching.note)
    try:
        yield watching
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


@pytest.mark.parametrize("commit_id", [None, uuid4()], ids=["made here", "given"])
def test_an_append_goes_down_from_the_store_to_the_log(
    audited: World, commit_id: UUID | None
) -> None:
    stream = audited.stream()
    with watched() as watching, closing(make_event_store()) as store:
        store.append(stream, [changed()], 0)  # the thread and its connection begin
        watching.is_on = True
        store.append(stream, [changed()], 1, commit_id=commit_id)
        watching.is_on = False

    depth, calls = floors(), watching.calls
    assert {call for call in calls if depth[call[1]] < depth[call[0]]} == set()
    assert {callee for caller, callee in calls if caller == "store"} == {"appender"}
    assert {callee for caller, callee in calls if caller == "appender"} == {
        "registry",
        "protocol",
        "queries",
        "indexer",
        "database",  # which says what its errors mean
    }
    assert {caller for caller, callee in calls if callee == "log"} == {"indexer"}
