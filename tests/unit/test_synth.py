"""Synthetic events: as many as wanted, the same in every run, all of them fit for the door, as skewed as life."""

from __future__ import annotations

from collections import Counter, defaultdict
from io import StringIO
from itertools import islice, pairwise

import pytest
from django.core.management import CommandError, call_command

from eventstore.appender.admission import Door
from eventstore.clock import SystemClock
from eventstore.events import NewEvent
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from teddy_es.domain.types import registry
from teddy_es.synth.history import Draft, Wanted, history

SOME = Wanted(4_000, 400)


def test_the_numbers_are_those_that_were_wanted() -> None:
    drafts = list(history(SOME))

    assert sum(len(draft.events) for draft in drafts) == 4_000
    assert len({draft.stream_id for draft in drafts}) == 400
    assert len({draft.commit_id for draft in drafts}) == len(drafts)
    assert len({event.event_id for d in drafts for event in d.events}) == 4_000


def test_every_commit_fits_the_door_and_the_head_that_it_finds() -> None:
    door, heads = (
        Door(registry, SystemClock(), KeySealer(MemoryKeys())),
        Counter[str](),
    )

    for draft in history(SOME):
        door.commit(draft.stream_id, draft.events, draft.expected, draft.commit_id)
        assert draft.expected == heads[draft.stream_id]
        heads[draft.stream_id] += len(draft.events)


def test_the_same_numbers_give_the_same_events_and_others_share_nothing() -> None:
    first, again = list(history(SOME)), list(history(SOME))
    other = list(history(Wanted(4_000, 400, seed=2)))

    assert first == again
    assert not ids(first) & ids(other)


def ids(drafts: list[Draft]) -> set[object]:
    return {d.stream_id for d in drafts} | {d.commit_id for d in drafts}


def test_the_order_is_that_of_time_and_streams_lie_between_one_another() -> None:
    drafts = list(history(SOME))
    times = [draft.events[0].occurred_at for draft in drafts]

    assert all(a <= b for a, b in pairwise(times) if a and b)
    changes = sum(a.stream_id != b.stream_id for a, b in pairwise(drafts))
    assert changes > len(drafts) / 4


def test_a_million_events_have_few_long_streams_and_many_short_ones() -> None:
    lengths = Wanted(1_000_000, 50_000).lengths()

    every = sorted(n for some in lengths.values() for n in some)
    assert (len(every), sum(every)) == (50_000, 1_000_000)
    assert every[-1] >= 10_000
    assert every[len(every) // 2] <= 12
    assert sum(every[-500:]) > 200_000  # one in a hundred has more than a fifth of all


def test_streams_tell_what_happens_in_the_domain_in_its_order() -> None:
    told = defaultdict[str, list[NewEvent]](list)
    for draft in history(SOME):
        told[draft.stream_id] += draft.events

    for stream_id, events in told.items():
        first, *rest = [event.type for event in events]
        kind = stream_id.partition(".")[0]
        assert first == BEGINS[kind]
        assert kind == "access" or first not in rest
    talk = max(
        (t for t in told if t.startswith("conversation.")), key=lambda t: len(told[t])
    )
    types = [event.type for event in told[talk]]
    assert types[1:3] == ["ChildSpoke", "TeddyReplied"]
    assert types[-1] == "ConversationEnded"
    assert told[talk][2].causation_id == told[talk][1].event_id


BEGINS = {
    "parent": "ParentRegistered",
    "child": "ChildRegistered",
    "conversation": "ConversationStarted",
    "access": "DataAccessed",
}


def test_a_violation_belongs_with_the_conversation_in_which_it_was_found() -> None:
    drafts = list(history(SOME))
    started = {d.events[0].correlation_id for d in drafts if d.stream_id[:4] == "conv"}
    found = [e for d in drafts for e in d.events if e.type == "SafetyViolationDetected"]

    assert found
    assert all(event.correlation_id in started for event in found)


def test_a_long_history_begins_at_once() -> None:
    assert len(list(islice(history(Wanted(10_000_000, 1_000)), 10))) == 10


@pytest.mark.parametrize("numbers", [(1_000, 199), (1_000, 1_001), (-1, 200)])
def test_numbers_that_do_not_do_are_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="200 streams"):
        Wanted(*numbers)
    with pytest.raises(CommandError, match="200 streams"):
        call_command(
            "synth",
            f"--events={numbers[0]}",
            f"--streams={numbers[1]}",
            stdout=StringIO(),
        )
