"""Whether the store was made before sensitive fields were sealed: nobody reads it then, and nobody writes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.checks import CheckMessage, Error

from eventstore.errors import StoreUnsealed
from eventstore.log.origin import UNSEALED, refuse_unsealed

if TYPE_CHECKING:
    from eventstore.queries.rows import Cursor

_THERE: Final = "SELECT to_regclass('eventstore_unsealedstore') IS NOT NULL"


def from_before_sealing(cursor: Cursor) -> list[CheckMessage]:
    """Before `migrate` has met it, nothing can be said."""
    cursor.execute(_THERE)
    if cursor.fetchall() != [(True,)]:
        return []
    cursor.execute(UNSEALED)
    try:
        refuse_unsealed(cursor.fetchall())
    except StoreUnsealed as error:
        hint = "docs/OPERATIONS.md, 'A store from before sealing'."
        return [Error(str(error), id="eventstore.E013", hint=hint)]
    return []
