"""Pages by key: the next page starts behind the last row of this one, so depth costs nothing and nothing shifts.

A list is said once, as a `Listing`, which writes its statement for either way. A cursor is the key of a row, written as
opaque text. It comes back from outside, so every part is checked.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Row = TypeVar("Row")
Key = tuple[Any, ...]

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})

PAGE: Final = 50
_MAX_CURSOR: Final = 400
_MAX_TEXT: Final = 192  # the longest stream id
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class BadCursor(ValueError):  # noqa: N818  (named as the errors of this package are)
    """A cursor that no page has given out."""

    def __init__(self) -> None:
        super().__init__("This page's cursor is damaged. Start from the first page.")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in the order of the list; `previous` and `next` are cursors, None where nothing is known to be."""

    rows: Sequence[Row]
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: the first, the one after a cursor, or the one before it."""

    after: str | None = None
    before: str | None = None
    size: int = PAGE


class Fetch(Protocol[Row]):
    """How a list gets its rows."""

    def __call__(self, key: Key | None, *, onwards: bool, limit: int) -> list[Row]:
        """At most `limit` rows behind the key (None: from the start); before it, nearest first, if not onwards."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A list that is one index, read in its order, either way: no COUNT, no OFFSET, no sort. Tests hold each to its plan.

    select: the statement up to its conditions. key: the columns that give the order, each with the type of its values.
    make: from what is selected to a row; key_of: a row's values of the key. falls: whether the highest key comes first.
    """

    select: str
    key: Mapping[str, type]
    make: Callable[..., Row]
    key_of: Callable[[Row], Key]
    falls: bool = False

    def page(
        self,
        wanted: Wanted,
        run: Callable[[str, Mapping[str, Any]], Sequence[Sequence[Any]]],
        among: Sequence[str] = (),
        parameters: Mapping[str, Any] = _NONE,
        *,
        of_all: bool = False,
    ) -> Page[Row]:
        """One page of the rows of which all of these conditions are true. Raises `BadCursor`.

        run: gets statement and parameters, gives what was selected. parameters: the conditions' parameters. of_all: see `statement`.
        """

        def fetch(key: Key | None, *, onwards: bool, limit: int) -> list[Row]:
            statement = self.statement(
                among, is_behind=key is not None, onwards=onwards, of_all=of_all
            )
            place = {f"key_{n}": part for n, part in enumerate(key or ())}
            rows = run(statement, {**parameters, **place, "limit": limit})
            return [self.make(*row) for row in rows]

        return page(wanted, fetch, self.key_of, tuple(self.key.values()))

    def statement(
        self,
        among: Sequence[str] = (),
        *,
        is_behind: bool,
        onwards: bool = True,
        of_all: bool = False,
    ) -> str:
        """The statement, put together of constants; `key_0`, `key_1` … and `limit` are parameters of it.

        is_behind: behind a key, not from the start. onwards: in the list's order, else against it. of_all: the order of an
        index of everything, which names the nulls, although there are none: that of a part must not be taken for it.
        """
        falls = self.falls is onwards
        conditions = [*among, *([self._behind(falls=falls)] if is_behind else [])]
        where = ("WHERE", " AND ".join(conditions)) if conditions else ()
        order = ", ".join(column + _ORDERS[falls, of_all] for column in self.key)
        return " ".join((self.select, *where, "ORDER BY", order, "LIMIT %(limit)s"))

    def _behind(self, *, falls: bool) -> str:
        place = ", ".join(f"%(key_{n})s" for n in range(len(self.key)))
        return f"({', '.join(self.key)}) {'<' if falls else '>'} ({place})"


# (the highest first, names the nulls)
_ORDERS: Final = {
    (True, True): " DESC NULLS LAST",
    (True, False): " DESC",
    (False, True): " NULLS FIRST",
    (False, False): "",
}


def page(
    wanted: Wanted,
    fetch: Fetch[Row],
    key_of: Callable[[Row], Key],
    types: Sequence[type],
) -> Page[Row]:
    """Fetch one page and one row more, which tells whether there is another.

    types: of the key's parts (datetime, int or str). Raises `BadCursor`.
    """
    if wanted.before is not None:
        rows = fetch(
            read_cursor(wanted.before, types), onwards=False, limit=wanted.size + 1
        )
        if len(rows) > wanted.size:
            rows = rows[wanted.size - 1 :: -1]
            return Page(rows, cursor(key_of(rows[0])), cursor(key_of(rows[-1])))
        # The start is reached: show the first page whole rather than the rest of one.
    after = None
    if wanted.after is not None and wanted.before is None:
        after = read_cursor(wanted.after, types)
    rows = fetch(after, onwards=True, limit=wanted.size + 1)
    more = len(rows) > wanted.size
    rows = rows[: wanted.size]
    return Page(
        rows,
        cursor(key_of(rows[0])) if after and rows else None,
        cursor(key_of(rows[-1])) if more else None,
    )


def cursor(key: Key) -> str:
    """The opaque text of a row's key."""
    parts = [
        (part - _EPOCH) // _MICROSECOND if isinstance(part, datetime) else part
        for part in key
    ]
    text = json.dumps(parts, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str, types: Sequence[type]) -> Key:
    """The key that a cursor stands for. Raises `BadCursor` for anything that `cursor` did not write."""
    if len(text) > _MAX_CURSOR or not text.isascii():
        raise BadCursor
    try:
        parts = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise BadCursor from None
    if not isinstance(parts, list) or len(parts) != len(types):
        raise BadCursor
    key = tuple(_part(part, kind) for part, kind in zip(parts, types, strict=True))
    if cursor(key) != text:
        raise BadCursor
    return key


def _part(part: Any, kind: type) -> Any:
    if kind is str:
        if isinstance(part, str) and is_plain(part):
            return part
        raise BadCursor
    if type(part) is not int or not 0 <= part < 2**63:
        raise BadCursor
    if kind is int:
        return part
    try:
        return _EPOCH + part * _MICROSECOND
    except OverflowError:
        raise BadCursor from None


def is_plain(text: str) -> bool:
    """Whether a text from outside could be an id at all: the database need not be asked about others."""
    return len(text) <= _MAX_TEXT and text.isascii() and text.isprintable()
