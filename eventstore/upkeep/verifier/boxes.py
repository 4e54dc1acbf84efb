"""Whether what is sealed can be opened: asked only by who hands in the right to do so, for it opens everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.events import Position, Withheld
from eventstore.upkeep.verifier.findings import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eventstore.events import Commit, Place
    from eventstore.ports import Opener
    from eventstore.upkeep.verifier.findings import PlaceFindings

_WRONG: Final = {
    "unopenable": "its box does not open: another byte, another event or another key than it was sealed with",
    "lost": "its box cannot be opened: the key store does not have its key, and the log knows of no destruction",
}


def look_into(
    place: Place,
    commits: Iterable[tuple[int, Commit]],
    opener: Opener | None,
    findings: PlaceFindings,
) -> None:
    """Count the boxes in these commits, each with its offset, and open each. Raises `KeyStoreUnavailable`.

    A key that was destroyed by order is no fault; all else is a difference, the first of the place.
    """
    boxed = [
        (offset, index, commit, event)
        for offset, commit in commits
        for index, event in enumerate(commit.events)
        if event.sealed is not None
    ]
    findings.sealed += len(boxed)
    if opener is None:
        return
    opener.prepare({event.sealed.key for *_, event in boxed if event.sealed})
    for offset, index, commit, event in boxed:
        found = opener.open(commit.stream_id, commit.commit_id, event)
        if not isinstance(found, Withheld):
            findings.opened += 1
        elif found.reason in _WRONG:
            findings.unopenable += 1
            at = str(Position(place.topic, place.partition, offset, index))
            findings.box = findings.box or Difference(at, _WRONG[found.reason])
        else:
            findings.erased += 1
