"""The rule by which the log decides, version 1: a pure function of the earlier records of one partition.

Whoever folds a partition gets these verdicts, today or in ten years. So nothing here may ever change for
records that a version-1 log can hold; golden vectors (tests/golden) pin it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from eventstore.errors import UnknownRuleVersion
from eventstore.events import Activation, Commit, Malformed, Place
from eventstore.protocol.placement import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

KNOWN_RULE_VERSION: Final = 1

LATEST: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z in ms: a later time of the log counts as this one, for no calendar has it."""

StreamKey = tuple[str, UUID]  # an id within its stream: ids are unique per stream only


class Verdict(IntEnum):
    """What the fold says of a record. The numbers stand in the mirror and never change."""

    ACCEPTED = 1
    DUPLICATE = 2
    WRONG_EXPECTED_VERSION = 3
    EVENT_ID_REUSED = 4
    MALFORMED = 5
    ACTIVATION = 6

    @property
    def word(self) -> str:
        """The verdict as users read it: `wrong_expected_version`."""
        return self.name.lower()


DECIDING: Final = (
    Verdict.ACCEPTED,
    Verdict.WRONG_EXPECTED_VERSION,
    Verdict.EVENT_ID_REUSED,
)
"""The verdicts that decide a commit id for ever."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of the log, decoded. `recorded_at` in ms, as the log has it."""

    offset: int
    recorded_at: int
    key: bytes | None
    value: bytes | None
    content: Commit | Activation | Malformed


@dataclass(frozen=True, slots=True)
class State:
    """What the fold must know of all earlier records of the partition.

    heads: by stream; MUST hold every stream that the entries name (0: no event yet).
    commits, event_ids: MUST hold those of the entries' ids that came before. More does no harm.
    """

    place: Place
    partitions: int
    rule_version: int = 1
    last_recorded_at: int = 0
    heads: Mapping[str, int] = field(default_factory=dict)
    commits: AbstractSet[StreamKey] = frozenset()
    event_ids: AbstractSet[StreamKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Judged:
    """A record with its verdict.

    recorded_at: ms, never less than that of the record before (rule 4).
    head: the head that the commit met; first_version: only if accepted; reason: only if malformed.
    """

    entry: Entry
    recorded_at: int
    verdict: Verdict
    head: int | None = None
    first_version: int | None = None
    reason: str | None = None


@dataclass(slots=True)
class Folded:
    """The verdicts, and what they add to the state they started from."""

    judged: list[Judged]
    rule_version: int
    last_recorded_at: int
    heads: dict[str, int] = field(default_factory=dict)
    commits: set[StreamKey] = field(default_factory=set)
    event_ids: set[StreamKey] = field(default_factory=set)


def fold(
    state: State, entries: Iterable[Entry], *, known: int = KNOWN_RULE_VERSION
) -> Folded:
    """Judge the entries in offset order.

    Stops *before* the record from which on a rule version above `known` is in force; if that is the first
    entry, raises `UnknownRuleVersion`: this code can give no verdict from there on.
    """
    folded = Folded([], state.rule_version, state.last_recorded_at)
    for entry in entries:
        rules = folded.rule_version + _activates_next(folded, entry)
        if rules > known:
            if folded.judged:
                break
            raise UnknownRuleVersion(
                state.place.topic, state.place.partition, entry.offset, rules
            )
        folded.last_recorded_at = folded_time(
            entry.recorded_at, folded.last_recorded_at
        )
        folded.judged.append(_judge(state, folded, entry))
    return folded


def folded_time(appended: int, before: int) -> int:
    """A record's `recorded_at` in ms: the log's append time, but never less than that of the record before it."""
    return max(min(appended, LATEST), before)


def _activates_next(folded: Folded, entry: Entry) -> bool:
    return (
        isinstance(entry.content, Activation)
        and entry.content.version == folded.rule_version + 1
    )


def _judge(state: State, folded: Folded, entry: Entry) -> Judged:
    """The order of the questions is the rule."""
    content = entry.content
    if isinstance(content, Activation):
        return _activate(folded, entry, content)
    reason = _malformed(state, folded, content)
    if reason is not None or isinstance(content, Malformed):
        return Judged(entry, folded.last_recorded_at, Verdict.MALFORMED, reason=reason)

    stream = content.stream_id
    head = folded.heads.get(stream)
    if head is None:
        head = state.heads[stream]
    commit = (stream, content.commit_id)
    if commit in state.commits or commit in folded.commits:
        return Judged(entry, folded.last_recorded_at, Verdict.DUPLICATE, head)

    folded.commits.add(commit)
    if not content.expected.holds_for(head):
        return Judged(
            entry, folded.last_recorded_at, Verdict.WRONG_EXPECTED_VERSION, head
        )
    ids = {(stream, event.event_id) for event in content.events}
    if not (ids.isdisjoint(folded.event_ids) and ids.isdisjoint(state.event_ids)):
        return Judged(entry, folded.last_recorded_at, Verdict.EVENT_ID_REUSED, head)

    folded.event_ids |= ids
    folded.heads[stream] = head + len(content.events)
    return Judged(entry, folded.last_recorded_at, Verdict.ACCEPTED, head, head + 1)


def _activate(folded: Folded, entry: Entry, content: Activation) -> Judged:
    if not _activates_next(folded, entry):
        return Judged(
            entry, folded.last_recorded_at, Verdict.MALFORMED, reason="bad_activation"
        )
    folded.rule_version = content.version
    return Judged(entry, folded.last_recorded_at, Verdict.ACTIVATION)


def _malformed(state: State, folded: Folded, content: Commit | Malformed) -> str | None:
    if isinstance(content, Malformed):
        return content.reason
    if not 1 <= content.v <= folded.rule_version:
        return "rule_version_not_active"
    if place_of(content.stream_id, state.partitions) != state.place:
        return "misplaced"
    return None
