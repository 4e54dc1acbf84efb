"""How cells are written: the usual ones of a single value, and the parts that others are made of. Every text is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.utils.html import format_html, format_html_join

from audit.formats import icon, moment, thousands, utc, utc_cell, utc_second

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.utils.safestring import SafeString

    from audit.access import Viewer
    from audit.columns.table import Cell

Row = TypeVar("Row")

NOTHING = "–"


def text(of: Callable[[Row], object]) -> Cell[Row]:
    """As it stands."""
    return lambda row, _: str(of(row))


def number(of: Callable[[Row], int]) -> Cell[Row]:
    """204,881."""
    return lambda row, _: thousands(of(row))


def mono(of: Callable[[Row], object]) -> Cell[Row]:
    """An id, in letters of one width."""
    return lambda row, _: format_html('<span class="mono">{}</span>', of(row))


def instant(of: Callable[[Row], datetime | None], none: str = NOTHING) -> Cell[Row]:
    """A time of the log or of a writer, with all its digits; the column's label names UTC."""
    return lambda row, _: utc_cell(at) if (at := of(row)) else none


def both(of: Callable[[Row], datetime | None]) -> Cell[Row]:
    """A time in UTC and by the viewer's clocks, both labelled."""
    return lambda row, viewer: moment_or_unknown(of(row), viewer)


def to_second(of: Callable[[Row], datetime | None]) -> Cell[Row]:
    """The same to the second: of a list that is read, not compared."""

    def cell(row: Row, viewer: Viewer) -> str:
        at = of(row)
        return NOTHING if at is None else moment(at, viewer.zone, fraction=False)

    return cell


def second(of: Callable[[Row], datetime]) -> Cell[Row]:
    """A time of our own clock."""
    return lambda row, _: utc_second(of(row))


def link(
    of: Callable[[Row], object],
    to: Callable[[Row], str],
    *,
    css: str = "",
    is_main: bool = False,
) -> Cell[Row]:
    """To a page. is_main: `j` and `k` go from row to row by it."""
    return lambda row, _: linked(of(row), to(row), css=css, is_main=is_main)


def linked(
    label: object,
    address: str,
    *,
    css: str = "",
    aria_label: str = "",
    is_main: bool = False,
) -> SafeString:
    """A link. aria_label: what it says to those who hear it, where the label alone is not enough."""
    return format_html(
        '<a{} href="{}"{}{}>{}</a>',
        _attribute("class", css),
        address,
        " data-row-link" if is_main else "",
        _attribute("aria-label", aria_label),
        label,
    )


def chip(tone: str, symbol: str, word: str, *, css: str = "chip") -> SafeString:
    """A state: symbol, word and tone say the same."""
    return format_html(
        '<span class="{}" data-tone="{}">{}{}</span>', css, tone, icon(symbol), word
    )


def moment_or_unknown(at: datetime | None, viewer: Viewer) -> SafeString:
    """In UTC and the viewer's zone. None: it is not known, which is no time either."""
    return unavailable() if at is None else moment(at, viewer.zone)


def unavailable(reason: str = "", since: datetime | None = None) -> SafeString:
    """What is not known, in the place of a value: never zero, never empty. since: from when on."""
    word = format_html(
        '<span class="unavailable">{}Unavailable</span>', icon("unknown")
    )
    if since is not None:
        reason = format_html("{}{}since {}", reason, ", " if reason else "", utc(since))
    return (
        format_html('<span>{} <span class="was">{}</span></span>', word, reason)
        if reason
        else word
    )


def toned(tone: str, value: object) -> SafeString:
    """A value that is not as it should be."""
    return format_html('<span class="toned" data-tone="{}">{}</span>', tone, value)


def was(said: object, css: str = "was") -> SafeString:
    """What stands small behind a value, or in other letters."""
    return format_html('<span class="{}">{}</span>', css, said)


def beside(*parts: object, css: str = "", between: str = " ") -> SafeString:
    """Parts of a cell, one after the other; empty ones are left out."""
    return format_html(
        "<div{}>{}</div>", _attribute("class", css), joined(*parts, between=between)
    )


def joined(*parts: object, between: str = "") -> SafeString:
    """The same without an element of their own: for a cell that is one line even where rows are cards."""
    return format_html_join(between, "{}", ((part,) for part in parts if part != ""))


def counted(number: int, noun: str) -> str:
    """1 event, 1,204 events."""
    return f"{thousands(number)} {noun}{'' if number == 1 else 's'}"


def _attribute(name: str, value: str) -> SafeString | str:
    return format_html(' {}="{}"', name, value) if value else ""
