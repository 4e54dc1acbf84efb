"""What was known at a moment is what the domain's own aggregates say of the events up to it, and never shifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.children.as_of import AsOf, as_of, state
from audit.children.axis import FactRow
from audit.children.cuts import Upto
from eventstore.events import pack
from eventstore.protocol.positions import partition_id
from eventstore.queries.keyset import BadCursor
from teddy_es.domain import child, parent, violations

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHILD, PARENT, PRIVACY = 1, 3, 4
EVERYTHING = Upto({partition_id(n, 0): 10**9 for n in (CHILD, PARENT, PRIVACY)})


def fact(
    n: int, kind: str, *, of: int = CHILD, happened: int | None = None, **about: Any
) -> FactRow:
    """The n-th of its log, an hour behind the one before it; happened: in which hour."""
    lane = {CHILD: "violation", PARENT: "consent", PRIVACY: "privacy"}[of]
    recorded = START + n * HOUR
    occurred = recorded if happened is None else START + happened * HOUR
    position = pack(of, 0, n)
    return FactRow(position, lane, kind, n + 1, recorded, occurred, about, None)


def at(hours: float, facts: list[FactRow], cut: Upto = EVERYTHING) -> AsOf:
    return as_of(facts, START + hours * HOUR, cut)


def said(found: AsOf) -> list[tuple[Any, ...]]:
    return [
        (f.name, f.then and f.then.words, f.today and f.today.words)
        for f in found.fields
    ]


CONSENT: dict[str, Any] = {"parent_id": "p-1", "scope": "profiling"}
DETECTED: dict[str, Any] = {
    "violation_id": "v-1",
    "category": "self_harm",
    "severity": "high",
}


def test_a_consent_in_force_then_and_withdrawn_since_differs() -> None:
    facts = [
        fact(0, "ConsentGranted", of=PARENT, **CONSENT, policy_version="1"),
        fact(2, "ConsentWithdrawn", of=PARENT, **CONSENT),
    ]

    before, then, behind = at(-1, facts), at(1, facts), at(2, facts)

    name = ("consent", "p-1", "profiling")
    assert said(before) == [(name, None, "withdrawn")]
    assert said(then) == [(name, "granted under policy 1", "withdrawn")]
    assert then.fields[0].differs
    assert then.fields[0].then is not None
    assert then.fields[0].then.set_by == facts[0]
    assert said(behind) == [(name, "withdrawn", "withdrawn")]
    assert (then.differing, behind.differing) == (1, 0)


def test_what_was_never_granted_cannot_be_withdrawn() -> None:
    assert not at(9, [fact(0, "ConsentWithdrawn", of=PARENT, **CONSENT)]).fields


def test_a_violation_stands_there_while_it_is_open() -> None:
    about: dict[str, Any] = {"violation_id": "v-1"}
    facts = [
        fact(0, "SafetyViolationAcknowledged", **about),  # of nothing
        fact(1, "SafetyViolationDetected", **DETECTED),
        fact(2, "SafetyViolationAcknowledged", **about),
        fact(3, "SafetyViolationResolved", **about),
    ]

    assert not at(0, facts[:1]).fields
    [open_] = at(2, facts).fields
    assert open_.then is not None
    assert open_.then.words == "self harm, high: seen, unclaimed"
    assert open_.differs
    assert not at(3, facts).fields
    again = [*facts, fact(4, "SafetyViolationReopened", **about)]
    [reopened] = at(3, again).fields
    assert reopened.then is not None
    assert not reopened.then.counts
    assert reopened.today is not None
    assert reopened.today.words == "self harm, high: unclaimed, reopened"


def test_a_second_detection_can_make_it_graver_and_opens_nothing() -> None:
    facts = [
        fact(0, "SafetyViolationDetected", **DETECTED),
        fact(1, "SafetyViolationAcknowledged", violation_id="v-1"),
        fact(2, "SafetyViolationDetected", **{**DETECTED, "severity": "low"}),
        fact(3, "SafetyViolationDetected", **{**DETECTED, "severity": "critical"}),
        fact(4, "SafetyViolationResolved", violation_id="v-1"),
        fact(5, "SafetyViolationDetected", **DETECTED),
    ]

    milder, graver = (at(n, facts[:4]).fields[0].then for n in (2, 3))

    assert milder is not None
    assert graver is not None
    assert (milder.words, milder.set_by) == (
        "self harm, high: seen, unclaimed",
        facts[1],
    )
    assert (graver.words, graver.set_by) == (
        "self harm, critical: seen, unclaimed",
        facts[3],
    )
    assert not at(5, facts).fields


def test_what_was_recorded_later_is_told_apart_from_what_had_not_happened() -> None:
    late = fact(5, "SafetyViolationDetected", happened=1, **DETECTED)
    future = fact(6, "ConsentGranted", of=PARENT, **CONSENT, policy_version="1")

    found = at(2, [late, future])

    assert list(found.late) == [late]
    assert (found.to_come, found.newer) == (1, 0)
    assert found.following == late.recorded_at
    assert at(5, [late, future]).following == future.recorded_at
    assert at(6, [late, future]).following is None
    by_group = {field.name[0]: field for field in found.fields}
    assert by_group["violation"].was_unknown
    assert by_group["violation"].then is None
    assert not by_group["consent"].was_unknown
    [told] = at(5, [late]).fields
    assert (told.was_unknown, told.differs) == (False, False)


def test_holds_and_erasure() -> None:
    hold: dict[str, Any] = {"hold_id": "h-1", "clause": "s.4"}
    facts = [
        fact(0, "HoldLifted", of=PRIVACY, hold_id="h-0"),
        fact(1, "HoldPlaced", of=PRIVACY, **hold),
        fact(2, "ErasureRequested", of=PARENT, parent_id="p-1"),
        fact(3, "HoldLifted", of=PRIVACY, **hold),
        fact(4, "DestructionOrdered", of=PRIVACY, why="retention"),
        fact(5, "DestructionOrdered", of=PRIVACY, why="erasure"),
        fact(6, "ErasureCompleted", of=PRIVACY, request="r-1"),
        fact(7, "DestructionOrdered", of=PRIVACY, why="erasure"),
    ]

    def then(hours: float) -> list[str | None]:
        fields = at(hours, facts).fields
        return [f.then.words if f.then and f.then.counts else None for f in fields]

    assert then(1) == ["binds, clause s.4", None]
    assert then(2) == ["binds, clause s.4", "asked for by the parent"]
    assert then(4) == ["asked for by the parent"]
    assert then(5) == ["ordered"]
    assert then(7) == ["erased"]


def test_the_second_registration_holds() -> None:
    facts = [
        fact(0, "ChildRegistered", parent_id="p-1", language="de"),
        fact(1, "ChildRegistered", parent_id="p-2"),
    ]

    assert said(at(0, facts)) == [
        (("profile", "language"), "de", "not said"),
        (("profile", "parent"), "p-1", "p-2"),
    ]


# ---- by chance -------------------------------------------------------------------------------------------------------

IDS = st.sampled_from(["v-1", "v-2"])
SCOPES = st.sampled_from(["profiling", "conversation"])
STEPS = st.one_of(
    st.tuples(st.just("SafetyViolationDetected"), IDS),
    st.tuples(
        st.sampled_from(
            [
                "SafetyViolationAcknowledged",
                "SafetyViolationClaimed",
                "SafetyViolationReleased",
                "SafetyViolationResolved",
                "SafetyViolationReopened",
            ]
        ),
        IDS,
    ),
    st.tuples(st.sampled_from(["ConsentGranted", "ConsentWithdrawn"]), SCOPES),
)
LIVES = st.lists(st.tuples(STEPS, st.integers(-5, 0)), max_size=25)


def lived(life: list[Any]) -> list[FactRow]:
    found = []
    for n, ((kind, which), earlier) in enumerate(life):
        if kind.startswith("Consent"):
            about: dict[str, Any] = {
                "parent_id": "p-1",
                "scope": which,
                "policy_version": str(n),
            }
            found.append(fact(n, kind, of=PARENT, happened=n + earlier, **about))
        else:
            given: dict[str, Any] = {**DETECTED, "violation_id": which}
            found.append(fact(n, kind, happened=n + earlier, **given))
    return found


def aggregates(life: list[Any]) -> tuple[set[str], dict[str, str]]:
    """What the domain says: the open violations, the consents in force with their policy."""
    of_child, of_parent = child.Child("child.c-1"), parent.Parent("parent.p-1")
    for n, ((kind, which), _) in enumerate(life):
        if kind == "ConsentGranted":
            of_parent.apply(
                parent.ConsentGranted(
                    child_id="c-1", scope=which, policy_version=str(n)
                )
            )
        elif kind == "ConsentWithdrawn":
            of_parent.apply(parent.ConsentWithdrawn(child_id="c-1", scope=which))
        elif kind == "SafetyViolationDetected":
            of_child.apply(
                violations.SafetyViolationDetected(
                    violation_id=which,
                    category="self_harm",
                    severity="high",
                    detector="d",
                )
            )
        else:
            extra = {"outcome": "confirmed"} if kind.endswith("Resolved") else {}
            of_child.apply(
                getattr(violations, kind)(violation_id=which, officer="o", **extra)
            )
    open_ = {k for k, v in of_child.state.violations.items() if not v.is_resolved}
    in_force = of_parent.state.consents.get("c-1", {})
    return open_, {str(scope): policy for scope, policy in in_force.items()}


@given(LIVES)
def test_a_state_is_what_the_aggregates_of_the_domain_say(life: list[Any]) -> None:
    open_, in_force = aggregates(life)

    fields = state(lived(life))

    found = {
        name[1] for name, v in fields.items() if name[0] == "violation" and v.counts
    }
    assert found == open_
    granted = {
        name[2]: v.words.removeprefix("granted under policy ")
        for name, v in fields.items()
        if name[0] == "consent" and v.words != "withdrawn"
    }
    assert granted == in_force


@given(LIVES, LIVES, st.integers(0, 30))
def test_a_link_never_shifts_when_more_is_recorded(
    life: list[Any], more: list[Any], moment: int
) -> None:
    facts = lived(life)
    cut = Upto({partition_id(n, 0): len(life) for n in (CHILD, PARENT) if life})
    later = [
        replace(one, position=pack(CHILD, 0, len(life) + n))
        for n, one in enumerate(lived(more))
    ]  # with times from before the moment, too

    before, behind = at(moment, facts, cut), at(moment, facts + later, cut)

    assert behind.newer == len(more)
    assert replace(behind, newer=0, missed=0) == before
    then = START + moment * HOUR
    assert behind.missed == sum(one.recorded_at <= then for one in later)


@given(LIVES, st.integers(0, 30))
def test_every_fact_is_known_late_or_to_come(life: list[Any], moment: int) -> None:
    facts = lived(life)
    then = START + moment * HOUR

    found = at(moment, facts)

    assert len(found.known) + len(found.late) + found.to_come == len(facts)
    assert all(one.recorded_at <= then for one in found.known)
    assert all(one.occurred_at <= then < one.recorded_at for one in found.late)
    assert state(found.known) == {
        field.name: field.then for field in found.fields if field.then
    } | {n: v for n, v in state(found.known).items() if not v.counts}


# ---- a link's cut ----------------------------------------------------------------------------------------------------

OFFSETS = st.dictionaries(
    st.tuples(st.integers(1, 60), st.integers(0, 511)).map(lambda p: partition_id(*p)),
    st.integers(1, 2**38 - 1),
    max_size=60,
)


@given(OFFSETS)
def test_a_cut_comes_back_from_an_address(offsets: dict[int, int]) -> None:
    cut = Upto(offsets)

    assert Upto.parse(str(cut)) == cut
    assert str(cut).replace("-", "").replace("_", "").isalnum() or not offsets


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.hex()))
def test_what_is_no_cut_is_refused_and_nothing_else(text: str) -> None:
    try:
        found = Upto.parse(text)
    except BadCursor:
        return
    assert str(found) == text


@pytest.mark.parametrize("text", ["A" * 20_000, "é", "gICAgICAgIA", "AAE", "gQQA", "="])
def test_these_are_no_cuts(text: str) -> None:
    with pytest.raises(BadCursor):
        Upto.parse(text)


def test_a_cut_holds_what_stands_before_its_offset() -> None:
    cut = Upto({partition_id(CHILD, 2): 5})

    assert pack(CHILD, 2, 4, 3) in cut
    assert pack(CHILD, 2, 5) not in cut
    assert pack(CHILD, 1, 0) not in cut
    assert 20_000 not in cut  # a day
