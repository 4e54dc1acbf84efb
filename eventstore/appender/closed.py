"""A commit whose keys are gone: it cannot be written any more, but what became of an earlier one under its id can be said.

Compared are number, types, ids and clear fields: what was sealed nobody can open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from eventstore.events import Commit, Sealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.registry.event_type import Secrets

_CLOSED: Final = Sealed("", "", "")


class ClosedSealer:
    """Takes away what is sensitive and puts nothing in its place: what it gives is compared, and never written."""

    def seal(
        self,
        commit: Commit,
        secrets: Sequence[Secrets | None],
        *,
        at_once: bool = False,
    ) -> Commit:
        """See `Sealer`."""
        del at_once
        events = tuple(
            event
            if one is None
            else replace(
                event,
                data={n: v for n, v in event.data.items() if n not in one.names},
                sealed=_CLOSED,
            )
            for event, one in zip(commit.events, secrets, strict=True)
        )
        return replace(commit, events=events)

    def unsealed(self, one: Commit, other: Commit) -> tuple[Commit, Commit]:
        """See `Sealer`: both stay closed."""
        return one, other
