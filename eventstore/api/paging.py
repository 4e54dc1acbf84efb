"""What lists have in common: how many a page shows, cursors given out and taken back, links to the pages beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import msgspec

from eventstore.api.parameters import Parameter, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rest_framework.request import Request

PAGE: Final = 100
MOST: Final = 1_000

LIMIT: Final = Parameter(
    "limit",
    whole(1, MOST),
    "How many a page shows at most; fewer where they are large.",
    {"type": "integer", "minimum": 1, "maximum": MOST},
    default=PAGE,
    example=20,
)
AFTER: Final = Parameter(
    "after",
    str,
    "A cursor as an answer of this very list gave it, with the same other parameters (but limit).",
)


def page_of(
    name: str, rows: Iterable[bytes], cursors: Mapping[str, str | None]
) -> bytes:
    """A page as JSON: its rows under this name, then the cursors, null where there is no such page."""
    beside = msgspec.json.encode(cursors)
    return b"".join((b'{"', name.encode(), b'":[', b",".join(rows), b"],", beside[1:]))


def links(request: Request, cursors: Mapping[str, str | None]) -> dict[str, str]:
    """The header Link: the pages beside this one, with whatever else was asked."""
    asked: dict[str, Any] = dict(request.query_params.items())
    path = quote(request.path)
    said = [
        f'<{path}?{urlencode(asked | {"after": cursor})}>; rel="{rel}"'
        for rel, cursor in cursors.items()
        if cursor is not None
    ]
    return {"Link": ", ".join(said)} if said else {}
