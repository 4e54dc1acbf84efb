"""The subscriptions' own rows: that there is one of a name, and which version of its code may handle.

All that is said to the table `eventstore_subscription` by those who follow stands here; each in the caller's transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper

    from eventstore.queries.rows import Cursor
    from eventstore.subscriptions.subscription import Subscription

_MAKE: Final = """
INSERT INTO eventstore_subscription (name, version, wants, born, made_at)
VALUES (%(name)s, %(version)s, %(wants)s, %(born)s, %(now)s)
    ON CONFLICT (name) DO NOTHING
"""
_VERSION: Final = "SELECT version FROM eventstore_subscription WHERE name = %(name)s"
_HOLD: Final = (
    "SELECT version, born FROM eventstore_subscription WHERE name = %(name)s FOR UPDATE"
)
_TAKE_OVER: Final = """
UPDATE eventstore_subscription SET version = %(version)s, wants = %(wants)s WHERE name = %(name)s
"""
_RENAME: Final = (
    "UPDATE eventstore_subscription SET name = %(to)s WHERE name = %(name)s"
)
_FORGET: Final = "DELETE FROM eventstore_subscription WHERE name = %(name)s"


def make(
    cursor: CursorWrapper, subscription: Subscription, *, born: str, now: datetime
) -> bool:
    """Make the row if there is none; whether there was none. born: the cut at which it is made, as written."""
    parameters: dict[str, Any] = {
        "name": subscription.name,
        "version": subscription.version,
        "wants": subscription.wants,
        "born": born,
        "now": now,
    }
    cursor.execute(_MAKE, parameters)
    return bool(cursor.rowcount)


def version_of(cursor: Cursor, name: str) -> int | None:
    """The version that may handle; None if there is no subscription of this name."""
    cursor.execute(_VERSION, {"name": name})
    return next((int(row[0]) for row in cursor.fetchall()), None)


def is_there(cursor: Cursor, name: str) -> bool:
    """Whether there is a subscription of this name."""
    return version_of(cursor, name) is not None


def hold(cursor: Cursor, name: str) -> tuple[int, str] | None:
    """Lock the row for this transaction: its version, and the cut at which it was made; None if there is none."""
    cursor.execute(_HOLD, {"name": name})
    return next(((row[0], str(row[1])) for row in cursor.fetchall()), None)


def take_over(cursor: Cursor, subscription: Subscription) -> None:
    """From here on this version handles."""
    parameters = {
        "name": subscription.name,
        "version": subscription.version,
        "wants": subscription.wants,
    }
    cursor.execute(_TAKE_OVER, parameters)


def rename(cursor: Cursor, name: str, to: str) -> None:
    """Have it another name; its checkpoints and parked streams have theirs."""
    cursor.execute(_RENAME, {"name": name, "to": to})


def forget(cursor: Cursor, name: str) -> None:
    """Take the row out."""
    cursor.execute(_FORGET, {"name": name})
