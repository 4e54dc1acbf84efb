"""A table as data: its columns, how each cell is written, what is said if there is no row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.access import Capability, Viewer
    from audit.columns.filters import Filters
    from eventstore.queries.keyset import Page

Row = TypeVar("Row")
Cell = Callable[[Row, "Viewer"], str]
"""Writes a row's cell for a viewer; what is no SafeString is escaped. audit.columns.cells makes the usual ones."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. heads_row: its cell names the row. falls: the rows come by it, the latest or largest first.

    needs: shown to those alone who have this capability.
    """

    label: str
    cell: Cell[Row]
    _: KW_ONLY
    heads_row: bool = False
    is_number: bool = False
    falls: bool = False
    needs: Capability | None = None


def _no_tone(_row: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """caption: for those who do not see it. tone: of a row that is not as it should be (`bad`, `warn`), or nothing."""

    caption: str
    columns: Sequence[Column[Row]]
    _: KW_ONLY
    tone: Callable[[Row], str] = _no_tone
    is_tight: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """Stands in the place of a table that has no row: what is missing, and what would be here."""

    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a panel. id: what the panel is found by in an address; end: at the end of the line."""

    id: str
    text: str
    end: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    """From page to page. query: what is to be kept of the address, see `query_without_cursor`."""

    listed: Page[Any]
    query: str = ""
    later: str = "Later"
    earlier: str = "Earlier"


class ShownRow(NamedTuple):
    """A row, its cells written for somebody."""

    tone: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(Generic[Row]):
    """A table with what belongs to it. `heading` or else `label` names it; above: a template, before the filters.

    empty: None for a table that is shown without a row, too. unavailable: why its rows cannot be known; below: a template, after them.
    """

    table: Table[Row]
    rows: Sequence[Row]
    label: str = ""
    heading: Heading | None = None
    above: str = ""
    filters: Filters | None = None
    empty: Empty | None = None
    unavailable: str = ""
    pager: Pager | None = None
    below: str = ""

    @property
    def name(self) -> str:
        """As it is called where it cannot be shown."""
        return self.heading.text if self.heading else self.label

    def columns(self, viewer: Viewer) -> Sequence[Column[Row]]:
        """Those that the viewer gets."""
        return [
            column
            for column in self.table.columns
            if column.needs is None or viewer.may(column.needs)
        ]

    def written(self, viewer: Viewer) -> Sequence[ShownRow]:
        """Every row, in its cells. What is the same in each is written once: a page of fifty has some four hundred cells."""
        columns = [(*_around(column), column.cell) for column in self.columns(viewer)]
        return [
            ShownRow(self.table.tone(row), _cells(columns, row, viewer))
            for row in self.rows
        ]


def _cells(
    columns: Sequence[tuple[SafeString, SafeString, Cell[Row]]],
    row: Row,
    viewer: Viewer,
) -> SafeString:
    html = SafeString()
    for opening, closing, cell in columns:
        html += opening + conditional_escape(cell(row, viewer)) + closing
    return html


def _around(column: Column[Any]) -> tuple[SafeString, SafeString]:
    if column.heads_row:
        return (
            format_html('<th scope="row" data-label="{}">', column.label),
            SafeString("</th>"),
        )
    css = SafeString(' class="num"') if column.is_number else ""
    return (
        format_html('<td{} data-label="{}">', css, column.label),
        SafeString("</td>"),
    )
