"""What a run found, as a table for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from teddy_es.bench.contestants import (
    BARE,
    EMPTY,
    NOW,
    OURS,
    PEER,
    PYTHON,
    QUIET,
    SERIALIZERS,
    STOCK,
    UNSEALED,
)
from teddy_es.bench.figures import TIMES
from teddy_es.bench.targets import target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from teddy_es.bench.figures import Series
    from teddy_es.bench.targets import Target


_BESIDE: Final = (PEER, EMPTY, NOW, UNSEALED, PYTHON, BARE, SERIALIZERS, QUIET, STOCK)


@dataclass(frozen=True, slots=True)
class Row:
    """A series, compared with ours, or ours with the target.

    ratio: our median to this one's; in our own row, to the one that targets refer to (the peer's, that of our store
    without a history, of its present, or of what is not sealed). None: there is nothing to compare.
    """

    series: Series
    ratio: float | None = None
    target: Target | None = None
    reached: bool | None = None


def rows(series: Sequence[Series], log: str) -> list[Row]:
    """In the order of the measures; only ours have a target."""
    medians = {(one.measure, one.contestant): one.median for one in series}
    return [
        _judged(
            one,
            next(
                (m for name in _BESIDE if (m := medians.get((one.measure, name)))), None
            ),
            log,
        )
        if one.contestant == OURS
        else Row(one, _ratio(medians.get((one.measure, OURS)), one.median))
        for one in series
    ]


def _ratio(ours: float | None, other: float | None) -> float | None:
    return ours / other if ours is not None and other else None


def _judged(ours: Series, peer: float | None, log: str) -> Row:
    ratio = _ratio(ours.median, peer)
    wanted = target(ours.measure, log)
    value = ratio if wanted and wanted.of == "ratio" else ours.median
    if wanted is None or value is None:
        return Row(ours, ratio, wanted)
    return Row(ours, ratio, wanted, wanted.is_reached_by(value))


def as_table(series: Sequence[Series], log: str, *, terminal: bool) -> str:
    """With lines and as wide as the terminal, or plain and as wide as it needs to be."""
    console = Console(
        file=StringIO(), force_terminal=terminal, width=None if terminal else 132
    )
    table = Table(box=box.SIMPLE if terminal else box.ASCII2)
    for name in ("measure", "who"):
        table.add_column(name, no_wrap=True)
    for name in ("median", "min … max", "p50 ms", "p99 ms", "ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    for _, group in groupby(rows(series, log), lambda row: row.series.measure):
        for row in group:
            table.add_row(*_cells(row))
        table.add_section()
    with console.capture() as printed:
        console.print(table)
    return printed.get().rstrip()


def _cells(row: Row) -> Iterator[str]:
    one = row.series
    yield f"{one.measure}"
    yield one.contestant
    yield f"{_number(one.median)} {one.unit}"
    yield f"{_number(min(one.values))} … {_number(max(one.values))}"
    yield "" if one.p50 is None else f"{one.p50:.2f}"
    yield "" if one.p99 is None else f"{one.p99:.2f}"
    yield "" if row.ratio is None else f"{row.ratio:.2f}{TIMES}"
    words = {True: "reached", False: "missed", None: ""}
    yield "" if row.target is None else f"{row.target} {words[row.reached]}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_json(
    series: Sequence[Series], log: str, conditions: dict[str, Any]
) -> dict[str, Any]:
    """Everything, every round's value included."""
    return {
        "conditions": conditions,
        "measures": [
            {
                **asdict(row.series),
                "median": row.series.median,
                "min": min(row.series.values),
                "max": max(row.series.values),
                "ratio": row.ratio,
                "target": None if row.target is None else str(row.target),
                "reached": row.reached,
            }
            for row in rows(series, log)
        ],
    }


def as_lines(conditions: dict[str, Any]) -> str:
    """The conditions of a run, a line each."""
    noise = conditions["noise"]
    told = {name: one for name, one in conditions.items() if name != "noise"}
    lines = [f"{name}: {_flat(one)}" for name, one in told.items() if one is not None]
    lines += [
        f"noise, {name}: {_number(one['median'])} ({_number(one['min'])} … {_number(one['max'])})"
        for name, one in noise.items()
    ]
    return "\n".join(lines)


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)
