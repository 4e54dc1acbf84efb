"""What the fold promises besides its verdicts: it stops rather than guesses, and changes nothing it was given."""

from __future__ import annotations

import pytest

from eventstore.errors import UnknownRuleVersion
from eventstore.events import Commit, Place
from eventstore.protocol.codec import decode, encode
from eventstore.protocol.fold import DECIDING, Entry, State, Verdict, fold
from tests.unit.records import a_commit, an_event, an_id

PLACE = Place("eventstore.order", 0)


def entry(commit: Commit, offset: int = 0, recorded_at: int = 1_000) -> Entry:
    """The commit as a record of the log."""
    key, value = commit.stream_id.encode(), encode(commit)
    return Entry(offset, recorded_at, key, value, decode(key, value))


def test_code_older_than_the_rules_of_the_partition_gives_no_verdict() -> None:
    """Newer code has folded the activation: the state says 2, this code knows 1."""
    state = State(PLACE, 1, rule_version=2, heads={"order.1": 0})

    with pytest.raises(UnknownRuleVersion) as stop:
        fold(state, [entry(a_commit(stream_id="order.1"), offset=7)], known=1)

    assert (stop.value.offset, stop.value.version) == (7, 2)


def test_code_older_than_the_rules_of_the_partition_may_fold_nothing() -> None:
    state = State(PLACE, 1, rule_version=2, last_recorded_at=5)

    folded = fold(state, [], known=1)

    assert (folded.judged, folded.rule_version, folded.last_recorded_at) == ([], 2, 5)


def test_this_code_knows_the_first_rules_and_no_others() -> None:
    """Whoever raises it writes golden vectors of the new ones first."""
    value = b'{"v":1,"activate":2}'
    activation = Entry(7, 1_000, None, value, decode(None, value))

    with pytest.raises(UnknownRuleVersion) as stop:
        fold(State(PLACE, 1), [activation])

    assert (stop.value.offset, stop.value.version) == (7, 2)


def test_folding_nothing_adds_nothing() -> None:
    folded = fold(State(PLACE, 1, last_recorded_at=5), [])

    assert (folded.judged, folded.heads, folded.commits) == ([], {}, set())
    assert folded.last_recorded_at == 5


def test_what_a_fold_adds_is_what_the_records_added() -> None:
    commit = a_commit(an_event(1), an_event(2), commit=9, stream_id="order.1")
    state = State(PLACE, 1, heads={"order.1": 3, "order.2": 8})

    folded = fold(state, [entry(commit)])

    assert folded.heads == {"order.1": 5}
    assert folded.commits == {("order.1", an_id(9))}
    assert folded.event_ids == {("order.1", an_id(1)), ("order.1", an_id(2))}


def test_a_refused_commit_adds_its_commit_id_and_nothing_else() -> None:
    state = State(PLACE, 1, heads={"order.1": 3})

    folded = fold(state, [entry(a_commit(stream_id="order.1", expected=7, commit=9))])

    assert folded.commits == {("order.1", an_id(9))}
    assert (folded.heads, folded.event_ids) == ({}, set())


def test_the_state_that_a_fold_starts_from_stays_as_it_was() -> None:
    heads, commits, event_ids = (
        {"order.1": 3},
        {("order.1", an_id(8))},
        {("x", an_id(1))},
    )
    state = State(PLACE, 1, heads=heads, commits=commits, event_ids=event_ids)

    fold(state, [entry(a_commit(stream_id="order.1"))])

    assert heads == {"order.1": 3}
    assert commits == {("order.1", an_id(8))}
    assert event_ids == {("x", an_id(1))}


def test_ids_of_earlier_folds_count_as_those_of_this_one() -> None:
    known = {("order.1", an_id(9))}
    state = State(PLACE, 1, heads={"order.1": 3}, commits=known, event_ids=known)
    repeat = a_commit(an_event(1), commit=9, stream_id="order.1")
    reuse = a_commit(an_event(9), commit=8, stream_id="order.1")

    folded = fold(state, [entry(repeat), entry(reuse, offset=1)])

    assert [one.verdict for one in folded.judged] == [
        Verdict.DUPLICATE,
        Verdict.EVENT_ID_REUSED,
    ]


def test_ids_of_other_streams_do_not_count() -> None:
    known = {("order.2", an_id(9))}
    state = State(PLACE, 1, heads={"order.1": 3}, commits=known, event_ids=known)

    folded = fold(state, [entry(a_commit(an_event(9), commit=9, stream_id="order.1"))])

    assert folded.judged[0].verdict is Verdict.ACCEPTED


def test_a_head_that_the_state_lacks_is_an_error_and_not_a_zero() -> None:
    """A forgotten look-up must not pass as "no such stream"."""
    with pytest.raises(KeyError):
        fold(State(PLACE, 1), [entry(a_commit(stream_id="order.1"))])


def test_the_numbers_of_the_verdicts_never_change() -> None:
    """They stand in the mirror."""
    assert {verdict.word: verdict.value for verdict in Verdict} == {
        "accepted": 1,
        "duplicate": 2,
        "wrong_expected_version": 3,
        "event_id_reused": 4,
        "malformed": 5,
        "activation": 6,
    }


def test_accepted_and_refused_verdicts_decide_a_commit_id() -> None:
    assert {verdict.word for verdict in DECIDING} == {
        "accepted",
        "wrong_expected_version",
        "event_id_reused",
    }
