"""What the log has acknowledged, on its way through the fold."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from eventstore.events import from_milliseconds
from eventstore.indexer.entries import Own
from eventstore.protocol.fold import Entry
from eventstore.queries.commits import Mirrored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eventstore.appender.pending import Pending
    from eventstore.events import Place
    from eventstore.ports import Appended
    from eventstore.protocol.fold import Judged


def by_acknowledgement(
    ready: Iterable[Pending],
) -> Mapping[Place, list[tuple[Pending, Appended]]]:
    """In the order of the log: those of earlier turns come first."""
    by_place: dict[Place, list[tuple[Pending, Appended]]] = defaultdict(list)
    for p in ready:
        if p.acknowledged is not None:
            by_place[p.place].append((p, p.acknowledged))
    for some in by_place.values():
        some.sort(key=lambda one: one[1].offset)
    return by_place


def own_record(pending: Pending, answer: Appended) -> Own:
    entry = Entry(
        answer.offset,
        answer.recorded_at,
        pending.proposal.key,
        pending.value,
        pending.commit,
    )
    return Own(entry, pending.serial if pending.fresh else None)


def mirrored(one: Judged) -> Mirrored:
    """A row of the fold that this process has just committed, as the mirror now holds it."""
    return Mirrored(
        one.verdict,
        one.head,
        one.first_version,
        from_milliseconds(one.recorded_at),
        one.entry.value,
    )
