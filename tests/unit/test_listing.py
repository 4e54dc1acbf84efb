"""A list by pages is the list, whichever way one walks: held against a sort, on another database."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.queries.keyset import Listing, Page, Wanted
from tests.strategies import GATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Run = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]


class Row(NamedTuple):
    """Of kind and place the place alone may be another's, too; `name` makes it one."""

    kind: int
    place: int
    name: str


def key_of(row: Row) -> tuple[int, str]:
    return row.place, row.name


RISING = Listing(
    "SELECT kind, place, name FROM rows", {"place": int, "name": str}, Row, key_of
)
FALLING = Listing(RISING.select, RISING.key, Row, key_of, falls=True)

tables = st.lists(
    st.builds(Row, st.integers(0, 1), st.integers(0, 3), st.text("abc", max_size=3)),
    max_size=12,
    unique_by=key_of,
)


def running(rows: Sequence[Row]) -> Run:
    """Runs a statement over these rows, in SQLite."""

    def run(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("CREATE TABLE rows (kind INT, place INT, name TEXT)")
            connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
            named = re.sub(r"%\((\w+)\)s", r":\1", statement)
            return connection.execute(named, given).fetchall()

    return run


@GATE
@given(
    rows=tables,
    size=st.integers(1, 4),
    falls=st.booleans(),
    of_all=st.booleans(),
    kind=st.none() | st.integers(0, 1),
)
def test_a_list_by_pages_of_any_size_is_the_list_there_and_back(
    *, rows: list[Row], size: int, falls: bool, of_all: bool, kind: int | None
) -> None:
    listing, run = FALLING if falls else RISING, running(rows)
    among, given_ = ([], {}) if kind is None else (["kind = %(kind)s"], {"kind": kind})
    wanted = sorted(
        (r for r in rows if kind in (None, r.kind)), key=key_of, reverse=falls
    )

    def page(which: Wanted) -> Page[Row]:
        return listing.page(which, run, among, given_, of_all=of_all)

    pages = [page(Wanted(size=size))]
    while pages[-1].next is not None:
        pages.append(page(Wanted(after=pages[-1].next, size=size)))
    back = [pages[-1]]
    while back[-1].previous is not None:
        back.append(page(Wanted(before=back[-1].previous, size=size)))

    assert [row for one in pages for row in one.rows] == wanted
    assert all(len(one.rows) <= size for one in pages)
    assert list(back[-1].rows) == wanted[:size]


@pytest.mark.parametrize(
    ("falls", "onwards", "of_all", "ends"),
    [
        (False, True, False, "(a, b) > (%(key_0)s, %(key_1)s) ORDER BY a, b LIMIT"),
        (False, False, False, "< (%(key_0)s, %(key_1)s) ORDER BY a DESC, b DESC LIMIT"),
        (True, True, False, "< (%(key_0)s, %(key_1)s) ORDER BY a DESC, b DESC LIMIT"),
        (True, False, False, "> (%(key_0)s, %(key_1)s) ORDER BY a, b LIMIT"),
        (False, True, True, "ORDER BY a NULLS FIRST, b NULLS FIRST LIMIT"),
        (True, True, True, "ORDER BY a DESC NULLS LAST, b DESC NULLS LAST LIMIT"),
    ],
)
def test_the_order_is_that_of_an_index_read_either_way(
    *, falls: bool, onwards: bool, of_all: bool, ends: str
) -> None:
    listing = Listing("SELECT 1", {"a": int, "b": int}, Row, key_of, falls=falls)

    statement = listing.statement(
        ["c = 1"], is_behind=True, onwards=onwards, of_all=of_all
    )

    assert statement.startswith("SELECT 1 WHERE c = 1 AND (a, b)")
    assert f"{ends} %(limit)s" in statement


def test_the_first_page_has_no_place_to_begin_behind() -> None:
    assert RISING.statement(is_behind=False) == (
        "SELECT kind, place, name FROM rows ORDER BY place, name LIMIT %(limit)s"
    )
