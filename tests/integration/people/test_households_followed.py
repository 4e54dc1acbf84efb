"""Who follows everything for a household, while the read models lag as they like, gets each of its events once and none of another's.

The model that judges is small: a child is the household's that registered it, a conversation its child's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.households import reach
from eventstore.events import Cut, Place
from eventstore.store import get_event_store
from teddy_es.domain.child import ChildProfileUpdated
from teddy_es.domain.conversation import ChildSpoke
from tests.support.families import follower_of

if TYPE_CHECKING:
    from eventstore.events import RecordedEvent
    from tests.support.families import Families

PARTITIONS = 3
HOMES, CHILDREN, TALKS = range(2), range(3), range(4)
MODELS = {"children": 1, "conversations": 2}  # with the numbers of their stream types

steps = st.one_of(
    st.tuples(st.just("registers"), st.sampled_from(CHILDREN), st.sampled_from(HOMES)),
    st.tuples(st.just("profile"), st.sampled_from(CHILDREN)),
    st.tuples(st.just("says"), st.sampled_from(TALKS), st.sampled_from(CHILDREN)),
    st.tuples(st.just("handles"), st.sampled_from([*MODELS]), st.integers(0, 2)),
    st.tuples(st.just("follows"), st.sampled_from(HOMES)),
)
examples = count()


@dataclass
class Run:
    """One example, whose people have names of their own, so that nothing has to be emptied before the next."""

    families: Families
    n: int
    registered: dict[int, int] = field(default_factory=dict)
    talks: dict[int, int] = field(default_factory=dict)
    after: dict[int, Cut] = field(default_factory=dict)
    got: dict[int, list[RecordedEvent]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def registers(self, child: int, home: int) -> None:
        """Once, and before anybody hears of it otherwise."""
        if child not in self.registered:
            self.registered[child] = home
            self.families.registers(self.name("c", child), self.name("p", home))

    def profile(self, child: int) -> None:
        """Something else in a child's stream."""
        if child in self.registered:
            changed = ChildProfileUpdated(changes={"name": "Mia"})
            self.families.happens(f"child.{self.name('c', child)}", changed)

    def says(self, talk: int, child: int) -> None:
        """A conversation begins, or goes on."""
        if child not in self.registered:
            return
        stream, name = f"conversation.{self.name('t', talk)}", self.name("c", child)
        if talk not in self.talks:
            self.talks[talk] = child
            self.families.talks(self.name("t", talk), name, "Hello")
        elif self.talks[talk] == child:
            self.families.happens(stream, ChildSpoke(child_id=name, text="more"))

    def handles(self, model: str, partition: int) -> None:
        """One partition of one read model catches up."""
        wanted = MODELS[model] * 512 + partition
        one = follower_of(model, limit=lambda id_: None if id_ == wanted else 0)
        while one.round():
            pass

    def follows(self, home: int) -> None:
        """As a feed does: a page, how far the reach knows, what it covers; the cursor stops where it does not know."""
        after = self.after.get(home, Cut())
        household = reach(self.name("p", home))
        events, upto = get_event_store().read_all(after, limit=50)
        before = household.known_before()
        offsets = dict(upto.offsets)
        shown: list[RecordedEvent] = []
        for event in reversed(events):
            if before is not None and event.recorded_at >= before:
                at = event.position
                offsets[Place(at.topic, at.partition)] = at.offset
            else:
                shown.append(event)
        covered = household.covers({e.metadata.stream_id for e in shown})
        self.got[home] += [
            e for e in reversed(shown) if e.metadata.stream_id in covered
        ]
        self.after[home] = Cut(offsets)

    def ends(self) -> None:
        """Everything is handled, and everybody has followed to the end."""
        for model in MODELS:
            for partition in range(PARTITIONS):
                self.handles(model, partition)
        for home in HOMES:
            while True:
                before = self.after.get(home)
                self.follows(home)
                if self.after[home] == before:
                    break

    def wanted(self, home: int) -> list[Any]:
        """By the model: each event of the household's streams."""
        children = [c for c, at in self.registered.items() if at == home]
        talks = [t for t, c in self.talks.items() if c in children]
        streams = [f"child.{self.name('c', c)}" for c in children]
        streams += [f"conversation.{self.name('t', t)}" for t in talks]
        return [
            event.metadata.event_id
            for stream in streams
            for event in get_event_store().read(stream)
        ]

    def name(self, kind: str, number: int) -> str:
        return f"{kind}-{self.n}-{number}"


def test_no_event_of_a_household_is_missed_and_none_of_another_shown(
    families: Families,
) -> None:
    @settings(
        max_examples=30,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        parent=settings(),
    )
    @given(st.lists(steps, min_size=5, max_size=25))
    def check(history: list[tuple[Any, ...]]) -> None:
        run = Run(families, next(examples))
        for name, *arguments in history:
            getattr(run, name)(*arguments)
        run.ends()
        for home in HOMES:
            got = [event.metadata.event_id for event in run.got[home]]
            assert len(got) == len(set(got))
            assert sorted(got) == sorted(run.wanted(home))

    check()
