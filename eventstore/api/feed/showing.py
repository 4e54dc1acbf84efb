"""What a caller is shown of entries: sealed as they are, or opened, and then only once it is recorded who sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.api.hiding import may_show, may_show_all
from eventstore.api.rendering import rendered
from eventstore.conf import registry
from eventstore.opening.recorded import opened, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.api.feed.ring import Entry
    from eventstore.ports import Opener, Reach


def shown(
    entries: Sequence[Entry], reach: Reach, opener: Opener | None
) -> Iterator[bytes]:
    """Of each entry its events as JSON. Without an opener, and where nothing of it is hidden, the bytes are made once for all callers; what is
    opened outlives no answer.

    Raises `KeyStoreUnavailable`, before the first one.
    """
    if opener is None:
        return (
            entry.closed
            if may_show_all(reach, entry.events)
            else b",".join(rendered(may_show(reach, event)) for event in entry.events)
            for entry in entries
        )
    prepare(opener, (event for entry in entries for event in entry.events))
    types = registry()
    return iter(
        [
            b",".join(
                rendered(may_show(reach, opened(event, types, opener)))
                for event in entry.events
            )
            for entry in entries
        ]
    )
