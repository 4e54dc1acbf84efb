"""What is decided about a subject is decided by the log: at the version of its stream that it was decided by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from eventstore.errors import WrongExpectedVersion
from eventstore.events import Expected, NewEvent
from eventstore.lineage.fold import events_of, fold
from eventstore.lineage.ids import correlation_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from eventstore.lineage.fold import Lineage
    from eventstore.ports import Store
    from eventstore.registry import Registry

TRIES: Final = 50
"""How often it is decided anew because the subject's stream has moved under it."""


class Deciding:
    """Of holds and of orders to destroy whoever comes second knows of the first."""

    def __init__(self, store: Store, types: Registry) -> None:
        self.store = store
        self.types = types
        self.events = events_of(types)

    def lineage(self, subject: str) -> Lineage:
        """The subject's, as the log has it now. Raises `InvalidStreamId`."""
        stream_id = self.events.stream_of(subject)
        return fold(subject, self.store.read(stream_id), self.types)

    def decided(
        self,
        subject: str,
        said: Any,
        decide: Callable[[Lineage], bool],
        *,
        request: str | None = None,
    ) -> Lineage:
        """Append an event if it is decided so, anew where somebody was there first; the lineage with it, or that which made it needless.

        Raises what `decide` raises, and `WrongExpectedVersion` where the stream never stands still.
        """
        stream_id = self.events.stream_of(subject)
        for tries_left in reversed(range(TRIES)):
            lineage = self.lineage(subject)
            if not decide(lineage):
                return lineage
            expected = Expected.version(lineage.version)
            try:
                self.store.append(
                    stream_id, [under(said, request)], expected, commit_id=uuid4()
                )
            except WrongExpectedVersion:
                if not tries_left:
                    raise
            else:
                break
        return self.lineage(subject)


def under(said: Any, request: str | None) -> NewEvent:
    """An event that belongs to a request is found by it."""
    return NewEvent(
        said, correlation_id=None if request is None else correlation_of(request)
    )
