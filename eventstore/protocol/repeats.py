"""Whether a commit proposed under a known id is the one that was decided (rule 14). Asked of repeats only, here alone.

Compared is what was proposed: number, event ids, types, schemas and data, as the two records have them. No upcaster is
asked: it is code of today, and what it makes of an earlier record is no proposal of anybody's. What the circumstances of a
call fill in may differ: a repeat comes later, and by another request. Where data is sealed, whoever seals opens both boxes
first (`Sealer.unsealed`); where one of them stays closed, for its key is gone, the clear fields decide alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eventstore.events import Commit, CommitEvent


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not the same: a word of the record (or `number`), and the event's place in the commit from 0, None for all."""

    what: str
    index: int | None = None


def difference(
    earlier: Commit, repeat: Commit, *, circumstances: bool = False
) -> Difference | None:
    """The first thing in which a commit is not what was decided under its id; None if it is the same.

    circumstances: compare `occurred_at`, `correlation_id` and `causation_id` too: a file says them, a call fills them in.
    """
    if len(earlier.events) != len(repeat.events):
        return Difference("number")
    for index, (was, now) in enumerate(zip(earlier.events, repeat.events, strict=True)):
        what = _of_events(was, now)
        if what is None and circumstances:
            what = _of_circumstances(earlier, was, repeat, now)
        if what is not None:
            return Difference(what, index)
    return None


def is_same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values mean the same: numbers by value, names in any order; a boolean is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            is_same_json(value, other[name]) for name, value in one.items()
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same_json, one, other))
    return bool(one == other)


def _of_events(was: CommitEvent, now: CommitEvent) -> str | None:
    if was.event_id != now.event_id:
        return "event_id"
    if was.type != now.type:
        return "type"
    if was.schema != now.schema:  # the data cannot be compared then
        return "schema"
    both_closed = (was.sealed is None) == (now.sealed is None)
    return None if both_closed and is_same_json(was.data, now.data) else "data"


def _of_circumstances(
    earlier: Commit, was: CommitEvent, repeat: Commit, now: CommitEvent
) -> str | None:
    if was.occurred_at != now.occurred_at:
        return "occurred_at"
    if _correlation(earlier, was) != _correlation(repeat, now):
        return "correlation_id"
    return None if was.causation_id == now.causation_id else "causation_id"


def _correlation(commit: Commit, event: CommitEvent) -> object:
    """None is what other producers may write; our door writes the first event's id then."""
    return event.correlation_id or commit.events[0].event_id
