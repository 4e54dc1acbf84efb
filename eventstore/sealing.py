"""The sealer of a store of development data: it seals nothing, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from eventstore.events import Commit


class PassThroughSealer:
    """Leaves sensitive fields in the clear. `/readyz` and a system check say that the data is development data."""

    seals = False

    def seal(self, commit: Commit, sensitive: Sequence[AbstractSet[str]]) -> Commit:
        """The commit as it is."""
        del sensitive
        return commit
