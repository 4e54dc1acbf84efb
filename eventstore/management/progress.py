"""How far a command has come: a bar for whoever sits at a terminal, lines of JSON for programs, silence for the rest."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

LINE_EVERY: Final = 5.0  # seconds between two lines of JSON


@contextmanager
def progress_bar(
    label: str,
    *,
    total: int | None,
    shown: bool,
    as_json: bool = False,
    unit: str = "records",
) -> Iterator[Callable[[int, str], None]]:
    """Gives a function to call with how much is done so far and a word on it. On the standard error output.

    total: None if nobody knows. shown: whether somebody sits there. as_json: a program listens. unit: of what is
    counted.
    """
    if as_json:
        yield _lines(label, total)
        return
    if not shown:
        yield lambda _done, _note: None
        return
    columns = (
        (BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn())
        if total
        else (SpinnerColumn(), MofNCompleteColumn(), _Rate(unit))
    )
    with Progress(
        TextColumn("{task.description}"),
        *columns,
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(label, total=total, note="")
        yield lambda done, note: progress.update(task, completed=done, note=note)


def _lines(label: str, total: int | None) -> Callable[[int, str], None]:
    """Every few seconds `{"progress": label, "done": n, "total": n or null, "per_second": n, "eta_s": s or null}`."""
    started = said = time.monotonic()

    def show(done: int, _note: str) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < LINE_EVERY:
            return
        said = now
        rate = done / (now - started)
        eta = round((total - done) / rate, 1) if total is not None and rate else None
        line = {
            "progress": label,
            "done": done,
            "total": total,
            "per_second": round(rate, 1),
            "eta_s": eta,
        }
        sys.stderr.write(json.dumps(line) + "\n")

    return show


class _Rate(ProgressColumn):
    """How many a second, lately."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """See `ProgressColumn`."""
        return Text("" if task.speed is None else f"{task.speed:,.0f} {self._unit}/s")
