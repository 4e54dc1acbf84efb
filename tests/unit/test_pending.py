"""A commit on its way: what it keeps others from, when it may hold, and the last word to whoever waits for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from eventstore import metrics
from eventstore.appender.intake import Intake
from eventstore.appender.pending import Pending, deadline_in, outcome_of
from eventstore.appender.pre_check import PreCheck
from eventstore.errors import (
    AppendOutcomeUnknown,
    CommitTooLarge,
    LogUnavailable,
    WrongExpectedVersion,
)
from eventstore.events import MAX_COMMIT_BYTES, Commit, Expected, NewEvent, Place
from eventstore.protocol import canonical
from eventstore.sealing.sealer import KeySealer
from eventstore.testing.memory_keys import MemoryKeys
from tests.unit.records import a_commit, an_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLACE = Place("eventstore.order", 0)
SEALER = KeySealer(MemoryKeys())


class Clock:
    """A monotonic clock that stands at 100 until somebody turns it."""

    at = 100.0

    def monotonic(self) -> float:
        """See the port."""
        return self.at


def pending(expected: int | str = "any", stream: int = 1, **known: Any) -> Pending:
    """A commit with this expectation."""
    commit = Commit(UUID(int=stream), f"order.{stream}", Expected(expected), ())
    return Pending(commit, b"x", PLACE, 0.0, SEALER, **{"fresh": True, **known})


@pytest.mark.parametrize(
    ("expected", "claim"),
    [
        ("any", None),
        ("stream_exists", None),
        ("no_stream", ("order.1", 0)),
        (0, ("order.1", 0)),
        (3, ("order.1", 3)),
    ],
)
def test_only_one_can_be_accepted_at_a_version(
    expected: int | str, claim: object
) -> None:
    assert pending(expected).claim == claim


@pytest.mark.parametrize(
    ("head", "new", "past"), [(1, True, False), (2, True, True), (3, False, False)]
)
def test_a_fact_of_another_log_holds_at_its_version_alone(
    head: int,
    new: bool,  # noqa: FBT001
    past: bool,  # noqa: FBT001
) -> None:
    assert pending(2).may_hold(head) is new
    assert pending(2, past=True).may_hold(head) is past


@pytest.mark.parametrize("seconds", [0, 0.5, 86_400])
def test_a_deadline_is_so_many_seconds_from_now(seconds: float) -> None:
    assert deadline_in(seconds, Clock()) == 100 + seconds  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-0.001, 86_400.5, float("nan"), float("inf")])
def test_nobody_waits_for_less_than_nothing_or_more_than_a_day(seconds: float) -> None:
    with pytest.raises(ValueError, match="0 to 86400 seconds"):
        deadline_in(seconds, Clock())  # type: ignore[arg-type]


def test_who_still_waits_is_told_that_nothing_was_written() -> None:
    waits = pending(trouble="the log is away")

    with pytest.raises(LogUnavailable, match="the log is away"):
        waits.last_word()

    assert waits.future.cancelled()


def test_whose_copy_is_on_its_way_is_told_that_nobody_knows() -> None:
    waits = pending(sent=True)
    waits.start()

    with pytest.raises(AppendOutcomeUnknown):
        waits.last_word()


@pytest.mark.parametrize(
    ("sent", "error"), [(True, AppendOutcomeUnknown), (False, LogUnavailable)]
)
def test_who_is_given_up_hears_what_is_known_and_why(
    sent: bool,  # noqa: FBT001
    error: type[Exception],
) -> None:
    waits, cause = pending(sent=sent), ValueError()

    waits.give_up(cause)

    told = waits.future.exception()
    assert isinstance(told, error)
    assert told.__cause__ is cause


def test_an_answer_is_timed_from_when_it_was_asked_for_and_a_refusal_counted() -> None:
    def seconds() -> float:
        labelled = metrics.APPEND_SECONDS.labels("log-unavailable")
        return float(labelled._sum.get())

    def errors() -> float:
        return float(metrics.ERRORS.labels("append", "log-unavailable")._value.get())

    clock, waits, timed, counted = Clock(), pending(), seconds(), errors()

    waits.observe(clock)  # type: ignore[arg-type]
    clock.at = 103.0
    waits.give_up()

    assert seconds() - timed == pytest.approx(3)
    assert errors() - counted == 1


def test_what_is_accepted_is_no_error() -> None:
    def errors() -> float:
        return float(metrics.ERRORS.labels("append", "accepted")._value.get())

    waits, counted = pending(), errors()

    waits.observe(Clock())  # type: ignore[arg-type]
    waits.future.set_result(None)  # type: ignore[arg-type]

    assert errors() == counted


def test_an_outcome_has_one_word() -> None:
    accepted, withdrawn, refused, faulty = (pending().future for _ in range(4))
    accepted.set_result(None)  # type: ignore[arg-type]
    withdrawn.cancel()
    refused.set_exception(CommitTooLarge(size=2, limit=1))
    faulty.set_exception(ZeroDivisionError())

    assert [*map(outcome_of, (accepted, withdrawn, refused, faulty))] == [
        "accepted",
        "log-unavailable",
        "commit-too-large",
        "error",
    ]


# ---- before it


def test_a_record_may_be_as_large_as_the_log_takes() -> None:
    frame = len(canonical.write(a_commit(an_event(data={"a": ""}))))
    intake = Intake(Kept(MAX_COMMIT_BYTES - frame), 3)  # type: ignore[arg-type]

    taken = intake.past_commit("order.order-1", [], None, UUID(int=1), 5.0)

    assert len(taken.value) == MAX_COMMIT_BYTES
    assert (taken.past, taken.fresh, taken.deadline) == (True, False, 5.0)
    with pytest.raises(CommitTooLarge):
        Intake(Kept(MAX_COMMIT_BYTES - frame + 1), 3).past_commit(  # type: ignore[arg-type]
            "order.order-1", [], None, UUID(int=1), 5.0
        )


@pytest.mark.parametrize(
    ("commit_id", "event_id", "fresh"),
    [
        (None, None, True),
        (UUID(int=1), None, False),
        (None, UUID(int=2), False),
        (UUID(int=1), UUID(int=2), False),
    ],
)
def test_only_a_commit_whose_ids_are_all_made_here_is_fresh(
    commit_id: UUID | None,
    event_id: UUID | None,
    fresh: bool,  # noqa: FBT001
) -> None:
    events = [NewEvent({}), NewEvent({}, event_id=event_id)]

    taken = Intake(Kept(1), 3).commit("order.order-1", events, "any", commit_id, 5.0)  # type: ignore[arg-type]

    assert (taken.fresh, taken.past) == (fresh, False)


class Kept:
    """A door that makes the same commit of everything, with so many bytes of data."""

    registry = SimpleNamespace(fields_of=lambda _type: ())
    sealer = SEALER

    def __init__(self, size: int) -> None:
        self._commit = a_commit(an_event(data={"a": "x" * size}))

    def past_commit(self, *_args: object) -> Commit:
        """See `Door`."""
        return self._commit

    def commit(self, *_args: object, at_once: bool) -> Commit:
        """See `Door`."""
        del at_once
        return self._commit


# ---- the pre-check of a turn


class Unasked(PreCheck):
    """Whoever is in doubt has this head; the index may be away."""

    head: int | None = 5
    asked: Sequence[Pending] = ()

    def known(self, in_doubt: Any) -> Iterator[tuple[Pending, None, int]]:
        """See `PreCheck`."""
        if self.head is None:
            msg = "away"
            raise LogUnavailable(msg)
        self.asked = in_doubt
        for one in in_doubt:
            yield one, None, self.head


def pre_check(known_head: int | None = None, learnt: Any = None) -> Unasked:
    """Of a process that knows this head of each stream."""
    learnt = set() if learnt is None else learnt
    folds = SimpleNamespace(learn=learnt.update, known_head=lambda *_: known_head)
    return Unasked(SimpleNamespace(), folds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known_head", "expected", "asked"),
    [
        (None, "any", False),
        (None, 2, True),
        (2, 2, False),
        (2, 3, False),
        (3, 2, True),
    ],
)
def test_the_index_is_asked_of_whom_the_last_fold_speaks_against(
    known_head: int | None,
    expected: int | str,
    asked: bool,  # noqa: FBT001
) -> None:
    waits = pending(expected)

    pre_check(known_head).settle([waits])

    refused = waits.future.exception() if waits.future.done() else None
    assert isinstance(refused, WrongExpectedVersion) is asked


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ({}, False),
        ({"sent": True}, True),  # its copy may have landed
        ({"fresh": False}, True),  # somebody may have proposed it before
    ],
)
def test_whoever_may_be_decided_already_is_asked_for(
    known: dict[str, bool],
    asked: bool,  # noqa: FBT001
) -> None:
    check, waits = pre_check(known_head=2), pending(2, **known)

    check.settle([waits])

    assert check.asked == [waits] * asked


@pytest.mark.parametrize(("known_head", "lost"), [(None, False), (2, False), (3, True)])
def test_a_head_that_is_known_here_says_who_has_lost(
    known_head: int | None,
    lost: bool,  # noqa: FBT001
) -> None:
    assert pre_check(known_head).is_lost(pending(2)) is lost


def test_heads_are_learnt_of_those_whom_nobody_can_have_proposed_before() -> None:
    learnt: set[tuple[Place, str]] = set()

    pre_check(learnt=learnt).settle([pending(), pending(stream=2, fresh=False)])

    assert learnt == {(PLACE, "order.1")}


def test_who_has_lost_beside_a_rival_hears_the_head_behind_it() -> None:
    rival, lost = pending(), pending(2, fresh=False)
    check = pre_check(known_head=7)

    check.settle([rival, lost])
    assert (lost.held, lost.future.done()) == (True, False)
    check.refuse_stale(Place("eventstore.order", 1))
    assert not lost.future.done()
    check.refuse_stale(PLACE)

    told = lost.future.exception()
    assert isinstance(told, WrongExpectedVersion)
    assert told.current_version == 7


@pytest.mark.parametrize(
    ("head", "now", "told"), [(0, None, 0), (5, None, 5), (5, 4, 5), (5, 9, 9)]
)
def test_the_head_that_is_told_is_the_later_one(
    head: int, now: int | None, told: int
) -> None:
    rival, lost = pending(), pending(2, fresh=False, past=True)
    check = pre_check(known_head=now)
    check.head = head

    check.settle([rival, lost])
    check.refuse_stale(PLACE)

    error = lost.future.exception(0)
    assert isinstance(error, WrongExpectedVersion)
    assert error.current_version == told


def test_a_turn_whose_index_is_away_refuses_nobody_of_the_last_turn() -> None:
    rival, lost = pending(), pending(2, fresh=False)
    check = pre_check()
    check.settle([rival, lost])

    check.head = None
    with pytest.raises(LogUnavailable):
        check.settle([pending(2, fresh=False)])
    check.refuse_stale(PLACE)

    assert not lost.future.done()
