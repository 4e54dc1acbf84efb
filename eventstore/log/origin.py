"""Whether a store was made before sensitive fields were sealed. Such a one is refused by whoever reads or writes, never migrated in silence.

The migration that came with sealing leaves a row where it met a store that held anything; every other store has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from eventstore.errors import StoreUnsealed

if TYPE_CHECKING:
    from collections.abc import Sequence

UNSEALED: Final = "SELECT since FROM eventstore_unsealedstore LIMIT 1"


def refuse_unsealed(rows: Sequence[tuple[Any, ...]]) -> None:
    """Raise `StoreUnsealed` where there is such a row. rows: of `UNSEALED`."""
    if rows:
        raise StoreUnsealed
