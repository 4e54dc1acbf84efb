"""The demo's town: sixty households, what happened to their children, and what the staff did about it. Nothing here asks the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING, Final

from audit import transcript
from teddy_es.demo import homes
from teddy_es.demo.cases import (
    CLOCKS,
    PROPOSED,
    Case,
    Found,
    cases,
    label_of,
    proposal_of,
    told,
)
from teddy_es.demo.chats import Chat, is_message, label, tell
from teddy_es.demo.looks import Looks
from teddy_es.demo.people import Family, Kid, families, own_id
from teddy_es.demo.picks import Pick, Picks
from teddy_es.demo.scribe import Scribe, Told
from teddy_es.demo.staff import Staff
from teddy_es.domain.approval import (
    ApprovalCarriedOut,
    ApprovalDecided,
    ApprovalRequested,
    approval_of,
    object_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from teddy_es.synth.history import Draft

HOUSEHOLDS: Final = 60
STAFF: Final = Staff()
_AFTER: Final = timedelta(seconds=2)  # a filter takes, to find something
STANDS_FOR: Final = timedelta(hours=24)
"""How long a request for a second person waits, where no setting says otherwise."""
_SHORTEST, _LONGEST = 35.0, 75.0  # days that a family has been here


@dataclass(frozen=True, slots=True)
class Town:
    """commits: by when they happened. forgotten: a child to be erased; kept: one whose data the law keeps; early: one that nobody has registered. staff: who erases and keeps."""

    commits: Sequence[Draft]
    forgotten: str
    kept: str
    early: str
    staff: Staff = STAFF


class Teller:
    """Tells a town once. now: all times are told from here; nothing else hangs on it."""

    def __init__(
        self,
        now: datetime,
        seed: int,
        households: int,
        of: Sequence[Case],
        staff: Staff,
        stands_for: timedelta = STANDS_FOR,
    ) -> None:
        self._now = now
        self._of = of
        self._mark = f"{seed}/{households}"
        self._rng = Random(self._mark)  # noqa: S311  (a tale, no secret)
        self._picks = Picks(self._rng)
        self._staff = staff
        self._stands_for = stands_for
        self._looks = Looks(staff)
        self._scribes: list[Scribe] = []
        self._of_child: dict[str, list[Told]] = {}
        self._asks: list[tuple[Case, str, Found]] = []
        self._families = list(families(self._rng, self._mark, households))
        self._kids = [(one, kid) for one in self._families for kid in one.kids]

    def town(self) -> Town:
        """All of it."""
        forgotten, kept = self._kids[-1][1], self._kids[0][1]
        for family in self._families:
            self._household(family, forgotten)
        early = Kid(own_id(self._mark, "child", "early"), "", date.min, "en")
        self._cases(early)
        ids = [kid.child_id for _, kid in self._kids]
        self._looks.now_and_then(self._rng, ids, self._now)
        children = {one: self._scribe(f"child.{one}") for one in self._of_child}
        for child_id, facts in self._of_child.items():
            children[child_id].tell_each(facts)
        for case, child_id, found in self._asks:
            self._ask(case, children[child_id], found)
        for actor in self._looks.actors:
            # a real look of the same officer may stand there already
            self._looks.tell(actor, self._scribe(f"access.{actor}", is_whole=False))
        names = forgotten.child_id, kept.child_id, early.child_id
        return Town(self._commits(), *names, self._staff)

    def _household(self, family: Family, forgotten: Kid) -> None:
        joined = self._now - timedelta(days=self._rng.uniform(_SHORTEST, _LONGEST))
        parent = list(homes.parent_told(self._rng, family, joined, self._now))
        if forgotten in family.kids:
            parent.append(homes.forgotten(forgotten, self._now - timedelta(days=2)))
        self._scribe(f"parent.{family.parent_id}").tell_each(parent)
        for kid in family.kids:
            facts = homes.child_told(self._rng, family, kid, joined, self._now)
            self._of_child[kid.child_id] = list(facts)
            for nth in range(self._rng.randint(1, 3)):
                self._chat(kid, nth, joined)

    def _chat(self, kid: Kid, nth: int, joined: datetime) -> None:
        """Some time between; the newest have messages that nobody has judged yet."""
        share = self._rng.uniform(0.02, 0.97)
        begins = joined + (self._now - joined) * share
        pick = self._picks.plain()
        unjudged = self._rng.choice((0, 2, len(pick.lines))) if share > 0.8 else 0
        chat = Chat(
            kid.child_id,
            kid.language,
            pick.lines,
            begins,
            unjudged,
            is_newest=share > 0.5,
        )
        tell(chat, self._talk(own_id(self._mark, "talk", kid.child_id, nth)))

    def _cases(self, early: Kid) -> None:
        """Open ones to all but who is forgotten; of those that were decided the first to the child that is."""
        undecided = cycle([kid for _, kid in self._kids[:-1]] or [early])
        decided = cycle([kid for _, kid in reversed(self._kids)])
        for case in self._of:
            self._case(case, next(undecided if case.is_open else decided))
        self._case(Case(-1, "medium", "new", CLOCKS["medium"] * 0.4), early)

    def _case(self, case: Case, kid: Kid) -> None:
        pick, at = self._picks.found(), case.detected_at(self._now)
        begins = at - _AFTER - pick.lines[pick.number].after
        chat = Chat(kid.child_id, kid.language, pick.lines, begins, unjudged=1)
        scribe = self._talk(own_id(self._mark, "talk", case.number))
        tell(chat.until(self._now), scribe)
        found = self._found(case, pick, scribe)
        child = Scribe(self._mark, f"child.{kid.child_id}")
        detected = child.id_of(f"{label_of(case)}/0")
        facts = self._of_child.setdefault(kid.child_id, [])
        facts += told(case, found, detected, self._now, self._staff)
        said = [n for one, n in scribe.versions.items() if is_message(one)]
        opened = transcript.object_of(found.conversation_id, said)
        names = kid.child_id, opened, found.violation_id
        self._looks.at_case(case, *names, self._now)
        if case.takes_two:
            self._asks.append((case, kid.child_id, found))

    def _found(self, case: Case, pick: Pick, scribe: Scribe) -> Found:
        return Found(
            violation_id=own_id(self._mark, "violation", case.number),
            category=pick.category or "other",
            conversation_id=scribe.stream_id.partition(".")[2],
            excerpt=pick.lines[pick.number].text,
            cause=scribe.id_of(label(pick.number)),
            thread=scribe.thread,
        )

    def _ask(self, case: Case, child: Scribe, found: Found) -> None:
        """The officer who has read it asks for a second person, and that one agrees, if it was decided."""
        thing = object_of(child.own_id, found.violation_id)
        began = case.detected_at(self._now)
        at, label = began + case.waited * PROPOSED, proposal_of(case)
        asked = ApprovalRequested(
            kind="close_violation",
            object=thing,
            requested_by=case.officer(self._staff),
            expires_at=at + self._stands_for,
            reason="Read in context, ten turns before and after.",
            version=child.versions[label],
        )
        scribe = self._scribe(f"approval.{approval_of('close_violation', thing)}")
        scribe.tell(Told(asked, at, "asked", child.id_of(label), found.thread))
        if not case.is_open:
            second = self._staff.protection
            agreed = ApprovalDecided(decision="approved", decided_by=second)
            done = ApprovalCarriedOut(result="done")
            at = began + case.waited
            scribe.tell(Told(agreed, at, "agreed", scribe.id_of("asked"), found.thread))
            scribe.tell(Told(done, at, "done", scribe.id_of("agreed"), found.thread))

    def _talk(self, talk_id: str) -> Scribe:
        return self._scribe(f"conversation.{talk_id}")

    def _scribe(self, stream_id: str, *, is_whole: bool = True) -> Scribe:
        scribe = Scribe(self._mark, stream_id, is_whole=is_whole)
        self._scribes.append(scribe)
        return scribe

    def _commits(self) -> list[Draft]:
        """A stream's own in their order, among the others by time."""
        every = [commit for scribe in self._scribes for commit in scribe.commits]
        return sorted(every, key=_happened)


def _happened(commit: Draft) -> float:
    """Sorting keeps the order of what happened at once."""
    at = commit.events[0].occurred_at
    return at.timestamp() if at else 0.0


def town(
    now: datetime,
    *,
    seed: int = 1,
    households: int = HOUSEHOLDS,
    of: Sequence[Case] = tuple(cases()),
    staff: Staff = STAFF,
    stands_for: timedelta = STANDS_FOR,
) -> Town:
    """The same seed gives the same town, whenever: its streams, ids and words; only the times go with `now`.

    of: what is found about its children. stands_for: how long a request for a second person waits. Raises `DatasetMissing`.
    """
    return Teller(now, seed, households, of, staff, stands_for).town()
