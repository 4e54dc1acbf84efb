"""Rows of text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.queries.unseen import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()
) -> str:
    """Columns as wide as they must be, two blanks apart. right: the heads of those that are flush right."""
    both = [head, *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in both) for n in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        ).rstrip()
        for row in both
    )
