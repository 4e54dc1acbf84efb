"""Looks through the table for rows that this store has not signed, and takes them out: what is missing is built again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventstore.queries import kept as queries
from eventstore.queries.connection import reading_cursor
from eventstore.snapshots.builder import statements
from eventstore.snapshots.refusing import count_refused
from eventstore.snapshots.sealing import gone
from eventstore.snapshots.signing import said_by_row, signer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from eventstore.ports import Opener
    from eventstore.queries.kept import Kept


@dataclass(slots=True)
class Reviewed:
    """looked_at: rows. removed: those that are not ours, or sealed under a key that is gone. signed_anew: those that were signed under an earlier key."""

    looked_at: int = 0
    removed: int = 0
    signed_anew: int = 0


def rows(
    *, stream_id: str | None = None, most: int = queries.PAGE
) -> Iterator[list[Kept]]:
    """All rows of the table, or of a stream, page by page; whatever is written meanwhile."""
    last: Kept | None = None
    while True:
        with reading_cursor() as cursor:
            page = queries.kept(cursor, last, stream_id=stream_id, most=most)
        if not page:
            return
        yield page
        last = page[-1]


def review(
    connection: psycopg.Connection[Any],
    opener: Opener | None = None,
    *,
    stream_id: str | None = None,
    most: int = queries.PAGE,
) -> Reviewed:
    """Take out what is not ours, and, by an opener, what is sealed under a key that is gone; sign anew, under the first key, what is ours under another. most: rows a page.

    Each row by itself and only as it was seen: one that was written anew meanwhile stays. Can be repeated at any time.
    """
    own, done = signer(), Reviewed()
    for page in rows(stream_id=stream_id, most=most):
        dead = gone(page, opener) if opener else frozenset[UUID]()
        for row in page:
            done.looked_at += 1
            said = said_by_row(row, row.made)
            seen = row.key | {"state": row.state, "seen": row.mac}
            mac = own.mac(said)
            if row.key_id in dead:
                connection.execute(statements.REMOVE, seen)
                done.removed += 1
            elif not own.knows(said, row.mac):
                count_refused(row.stream_id, row.version)
                connection.execute(statements.REMOVE, seen)
                done.removed += 1
            elif mac != row.mac:  # it is one of ours already: nothing to be guessed
                connection.execute(statements.SIGN_ANEW, seen | {"mac": mac})
                done.signed_anew += 1
    return done
