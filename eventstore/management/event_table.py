"""A stream's events as a table for a terminal, printed while they are read: memory for some rows, however many there are."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from eventstore.events import written
from eventstore.queries.unseen import visible_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from eventstore.events import RecordedEvent

ROWS: Final = 200  # printed at a time; the columns' widths do not depend on them
_NAMES: Final = ("version", "type", "happened", "recorded")
_NARROW: Final = 120  # characters of a console
# of each of them: characters; what is longer is folded, nothing is left out
_WIDTHS: Final = {True: (7, 14, 14, 14), False: (10, 24, 27, 27)}


def print_events(
    console: Console, title: str, events: Iterable[RecordedEvent], *, rows: int = ROWS
) -> None:
    """Print them, so many rows at a time."""
    left, widths = iter(events), _WIDTHS[console.width < _NARROW]
    page = list(islice(left, rows))
    console.print(_table(page, widths, title))  # the head also of a table without rows
    while page := list(islice(left, rows)):
        console.print(_table(page, widths, None))


def _table(
    events: Iterable[RecordedEvent], widths: tuple[int, ...], title: str | None
) -> Table:
    """With its head if it has a title. Every column but the last has a width of its own, so all parts fit together."""
    table = Table(
        title=title,
        show_header=title is not None,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        expand=True,
    )
    for name, width in zip(_NAMES, widths, strict=True):
        justify: Literal["left", "right"] = "right" if name == "version" else "left"
        table.add_column(name, justify=justify, overflow="fold", width=width)
    table.add_column("data", overflow="fold", ratio=1)
    for event in events:
        metadata = event.metadata
        table.add_row(
            str(metadata.version),
            metadata.event_type,
            written(metadata.timestamp),
            written(event.recorded_at),
            Text(_printable(event)),
        )
    return table


def _printable(event: RecordedEvent) -> str:
    """The data on one line. What is not seen or steers a terminal is written out: somebody else chose these characters."""
    text = visible_json(json.dumps(event.data, ensure_ascii=False))
    if event.sealed is not None:
        text += " + sealed fields"
    return f"{text} ({event.problem})" if event.problem else text
