"""A progress bar for whoever sits at a terminal; silence for everybody else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress_bar(
    label: str, *, total: int | None, shown: bool
) -> Iterator[Callable[[int, str], None]]:
    """Gives a function to call with how much is done so far and a word on it. On the standard error output.

    total: None if nobody knows. shown: whether somebody sits there.
    """
    if not shown:
        yield lambda _done, _note: None
        return
    columns = (
        (BarColumn(), TimeRemainingColumn())
        if total
        else (SpinnerColumn(), MofNCompleteColumn())
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
