"""What a token may see and say: one that is bound to a parent its household alone. EVENTSTORE["REACH"] names `reach`.

Whose a stream is, the read models say (`audit.people.belonging`); of what has begun since they last had everything the log itself does
(`audit.people.begun`). What neither says is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.people import begun, belonging
from eventstore.api.reach import Everything
from eventstore.events import Expected
from teddy_es.domain.fields import is_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from eventstore.ports import Reach

Said = tuple[str, "Mapping[str, Any]"]

# The store's own words, and the officers': nobody says them over HTTP.
_NOBODYS: Final = frozenset({"privacy", "access", "approval"})
# What is done about a violation behind its detection: officers do it in the console, where it takes two of them; jobs tell that time is over.
_STAFFS_WORDS: Final = frozenset(
    {
        "SafetyViolationAcknowledged",
        "SafetyViolationClaimed",
        "SafetyViolationDecisionProposed",
        "SafetyViolationDecisionRefused",
        "SafetyViolationEscalated",
        "SafetyViolationReleased",
        "SafetyViolationReopened",
        "SafetyViolationResolved",
    }
)
# What a parent's backend knows. Never what an officer decides about a violation, and never that a message was judged.
_PARENTS: Final = {
    "parent": {
        "ParentRegistered",
        "ConsentGranted",
        "ConsentWithdrawn",
        "ErasureRequested",
    },
    "child": {"ChildRegistered", "ChildProfileUpdated", "SafetyViolationDetected"},
    "conversation": {
        "ConversationStarted",
        "ChildSpoke",
        "TeddyReplied",
        "ConversationEnded",
    },
}
# Who of the staff it was, and what they noted, in events and in a child's state: parents are told what was done and when.
# A note may be about the parent who reads it.
_STAFFS: Final = frozenset({"officer", "claimed_by", "proposed_by", "note"})
_FIRST: Final = {"child": "ChildRegistered", "conversation": "ConversationStarted"}

NOT_OVER_HTTP: Final = "Nobody appends to streams of this type over HTTP."
STAFFS_WORD: Final = (
    "What is done about a violation is said in the console, and by nobody over HTTP."
)
NOT_THERE: Final = "There is nothing here that this token may append to."
NOT_ITS_WORD: Final = "A token of a household does not say events of this type."
NOT_ITS_OWN: Final = "An event names somebody who does not belong to this token's household, or whom it does not know yet."
DETECTED_ALREADY: Final = (
    "A violation with this id was detected already; what else there is has another id."
)


def reach(bound_to: str | None) -> Reach:
    """bound_to: a parent's id; None: bound to nobody, which sees everything that is shown over HTTP."""
    return Everybody() if bound_to is None else Household(bound_to)


class Everybody(Everything):
    """Sees all, and appends all but what nobody does."""

    def refuses(
        self, stream_id: str, expected: object, events: Sequence[Said]
    ) -> str | None:
        """See `Reach`."""
        if _type(stream_id) in _NOBODYS:
            return NOT_OVER_HTTP
        is_staffs = any(said in _STAFFS_WORDS for said, _ in events)
        return STAFFS_WORD if is_staffs else None


class Household:
    """One parent's."""

    sees_all = False
    hides = _STAFFS

    def __init__(self, parent: str) -> None:
        self.parent = parent

    def covers(self, stream_ids: Collection[str]) -> frozenset[str]:
        """See `Reach`. One question, however many streams, and whatever they are."""
        own = _by_type(stream_ids)
        found = belonging.covered(self.parent, own["child"], own["conversation"])
        mine = {f"parent.{self.parent}"} & set(stream_ids)
        return frozenset(found | mine)

    def knows(self, persons: Collection[str]) -> frozenset[str]:
        """See `Reach`. The parent, and the children that it registered."""
        known = belonging.children_of(self.parent, persons)
        known |= {self.parent} & set(persons)
        if unknown := set(persons) - known:
            known |= begun.children_of(self.parent, unknown, belonging.known_before())
        return frozenset(known)

    def streams(self) -> Sequence[str]:
        """See `Reach`."""
        return [f"parent.{self.parent}", *belonging.streams_of(self.parent)]

    def known_before(self) -> datetime | None:
        """See `Reach`. A stream that one of the read models has parked holds it there: nobody can say whose it is."""
        return belonging.known_before()

    def refuses(
        self, stream_id: str, expected: Expected | int | str, events: Sequence[Said]
    ) -> str | None:
        """See `Reach`. A stream that is not the household's yet begins as a new one, with the event that says whose it is.

        All is asked before anything is decided: what is foreign takes as long as what is not there.
        """
        kind, _, name = stream_id.partition(".")
        is_known = bool(self.covers([stream_id]))
        is_begun = _begins(kind, name, expected, events)
        is_own = self._are_its_own(kind, name, events)
        if kind in _NOBODYS:
            return NOT_OVER_HTTP
        if not is_known and not is_begun:
            return NOT_THERE
        if any(said not in _PARENTS.get(kind, ()) for said, _ in events):
            return NOT_ITS_WORD
        if not is_own:
            return NOT_ITS_OWN
        if kind == "child" and self._detects_again(name, expected, events):
            return DETECTED_ALREADY
        return None

    def _detects_again(
        self, child: str, expected: Expected | int | str, events: Sequence[Said]
    ) -> bool:
        """Whether a violation would be detected twice: the second one could only blur what the first says. The log is asked of its own alone."""
        ids = begun.detected_by(events)
        is_there = bool(ids and self._children({child}, belonging.known_before()))
        if not is_there:
            return len({*ids}) < len(ids)
        begins = _is_new(expected)
        return begun.is_detected_again(child, events, begins=begins)

    def _are_its_own(self, kind: str, name: str, events: Sequence[Said]) -> bool:
        """Whether all whom they name belong to the household; in a conversation all name the child whose it is, or if it begins here, one.

        As many questions of those who are another's as of nobody.
        """
        since = belonging.known_before()
        children = _named(events, "child_id")
        talks = _named(events, "conversation_id")
        known = belonging.conversations_of(self.parent, {*talks, name})
        news = begun.talks_of(talks - known.keys(), since)
        own = self._children({*children, *news.values()}, since)
        own_talks = {talk for talk in talks if talk in known} | {
            talk for talk, one in news.items() if one in own and begun.is_of(talk, one)
        }
        if kind == "conversation" and not (
            children <= {known[name]} if name in known else len(children) == 1
        ):
            return False
        return (
            _named(events, "parent_id") <= {self.parent}
            and children <= own
            and own_talks == talks
        )

    def _children(self, ids: Collection[str], since: datetime | None) -> set[str]:
        """Of these children those that the parent registered, a moment ago, too."""
        known = belonging.children_of(self.parent, ids)
        return known | begun.children_of(self.parent, {*ids} - known, since)


def _begins(
    kind: str,
    name: str,
    expected: Expected | int | str,
    events: Sequence[Said],
) -> bool:
    """Whether it is a new stream, and the first event says whose; of a child of whom nothing was said before anybody registered it."""
    is_talked_of = is_id(name) and belonging.is_talked_of(name)
    if not _is_new(expected) or not events:
        return False
    if kind == "child" and (not is_id(name) or is_talked_of):
        return False
    return events[0][0] == _FIRST.get(kind)


def _is_new(expected: Expected | int | str) -> bool:
    return Expected.of(expected).value in ("no_stream", 0)


def _named(events: Sequence[Said], field: str) -> set[str]:
    """Whom a field of them names. What is no text is no id: nobody's, whatever the field."""
    found = (data[field] for _, data in events if data.get(field) is not None)
    return {one if isinstance(one, str) else "" for one in found}


def _type(stream_id: str) -> str:
    return stream_id.partition(".")[0]


def _by_type(stream_ids: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"child": [], "conversation": []}
    for stream_id in stream_ids:
        kind, _, name = stream_id.partition(".")
        if kind in found:
            found[kind].append(name)
    return found
