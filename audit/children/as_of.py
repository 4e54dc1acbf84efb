"""What was known and allowed at a moment, beside what had happened though nobody could know it, and what is so today. Pure.

Two times matter. `recorded_at`: known at the moment is what the log had taken by then. `occurred_at`: what was recorded later
but had happened by then could not be known; what happened later had not happened. Today is the day of the link, not of its
reader: nothing counts that stands behind its cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from audit.cases import Stands, told
from audit.people.models import Lane
from audit.people.violations import ABOUT
from teddy_es.domain.violations import (
    SafetyViolationDetected,
    SafetyViolationReopened,
    Violation,
    follow,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from audit.children.axis import FactRow
    from audit.children.cuts import Upto
    from teddy_es.domain.violations import Severity

FOLDED: Final = (
    Lane.CHANGE.value,
    Lane.CONSENT.value,
    Lane.VIOLATION.value,
    Lane.PRIVACY.value,
)
"""The lines of which a state is made."""
Name = tuple[str, ...]
"""Of a field: its group, and which one of it. `("consent", "p-1", "profiling")`."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is, and the fact that set it. counts: whether it stands on the page by itself: an open case, a hold that binds.

    case: of a violation, how far its events have been followed.
    """

    words: str
    set_by: FactRow
    counts: bool = True
    case: _Case | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field then, as it had become though nobody knew, and today. None: there was nothing of it."""

    name: Name
    then: Value | None
    happened: Value | None
    today: Value | None

    @property
    def differs(self) -> bool:
        """Whether it is something else today."""
        return _words(self.then) != _words(self.today)

    @property
    def was_unknown(self) -> bool:
        """Whether it had become something else by then, and nobody could know."""
        return _words(self.then) != _words(self.happened)


@dataclass(frozen=True, slots=True)
class AsOf:
    """late: had happened by then and was recorded later. to_come: how many facts had not happened. following: when the next one was recorded. newer: recorded since the link was made;
    missed: of these such as had been recorded by then, but were not handled yet."""

    at: datetime
    fields: Sequence[Field]
    known: Sequence[FactRow]
    late: Sequence[FactRow]
    to_come: int
    newer: int
    missed: int
    following: datetime | None

    def of(self, group: str) -> Sequence[Field]:
        """The fields of a group."""
        return [field for field in self.fields if field.name[0] == group]

    @property
    def differing(self) -> int:
        """How many fields are something else today."""
        return sum(field.differs for field in self.fields)


def as_of(facts: Sequence[FactRow], at: datetime, cut: Upto) -> AsOf:
    """facts: all of the lines `FOLDED`, in the order in which the log took them."""
    within = [fact for fact in facts if fact.position in cut]
    known = [fact for fact in within if fact.recorded_at <= at]
    happened = [
        fact for fact in within if min(fact.recorded_at, fact.occurred_at) <= at
    ]
    late = [fact for fact in happened if fact.recorded_at > at]
    then, truth, today = state(known), state(happened), state(within)
    names = sorted({*then, *truth, *today}, key=_place)
    fields = [
        Field(name, then.get(name), truth.get(name), today.get(name)) for name in names
    ]
    return AsOf(
        at=at,
        fields=[field for field in fields if _is_shown(field)],
        known=known,
        late=late,
        to_come=len(within) - len(happened),
        newer=len(facts) - len(within),
        missed=sum(f.position not in cut and f.recorded_at <= at for f in facts),
        following=min(
            (f.recorded_at for f in within if f.recorded_at > at), default=None
        ),
    )


def state(facts: Iterable[FactRow]) -> Mapping[Name, Value]:
    """What the facts come to, in their order; as the aggregates of the domain evolve."""
    fields: dict[Name, Value] = {}
    for fact in facts:
        evolve = _EVOLVE.get(fact.kind)
        if evolve is not None:
            evolve(fields, fact)
    return fields


# ---- below: how ------------------------------------------------------------------------------------------------------

_GROUPS: Final = ("profile", "consent", "violation", "hold", "erasure")


def _place(name: Name) -> tuple[int, Name]:
    return _GROUPS.index(name[0]), name


def _words(value: Value | None) -> str | None:
    """What is closed or lifted is as if it were not there."""
    return value.words if value is not None and value.counts else None


def _is_shown(field: Field) -> bool:
    return any(
        value is not None and value.counts
        for value in (field.then, field.happened, field.today)
    )


def _registered(fields: dict[Name, Value], fact: FactRow) -> None:
    fields["profile", "parent"] = Value(_code(fact, "parent_id"), fact)
    fields["profile", "language"] = Value(_code(fact, "language") or "not said", fact)


def _granted(fields: dict[Name, Value], fact: FactRow) -> None:
    words = f"granted under policy {_code(fact, 'policy_version')}"
    fields[_consent(fact)] = Value(words, fact)


def _withdrawn(fields: dict[Name, Value], fact: FactRow) -> None:
    """What was never granted cannot be withdrawn."""
    if _consent(fact) in fields:
        fields[_consent(fact)] = Value("withdrawn", fact)


def _consent(fact: FactRow) -> Name:
    return "consent", _code(fact, "parent_id"), _code(fact, "scope")


def _about_case(fields: dict[Name, Value], fact: FactRow) -> None:
    """By the aggregate's own rule; an event about a violation that was never detected changes nothing here."""
    before = fields.get(_violation(fact))
    case = None if before is None else before.case
    if case is None:
        if fact.kind != SafetyViolationDetected.__name__:
            return
        severity = cast("Severity", _code(fact, "severity"))
        case = _Case(_said(_code(fact, "category")), Violation(severity))
    else:
        case.follow(fact)
    words = f"{case.category}, {case.found.severity}: {told(case.stands)}"
    now = Value(words, fact, not case.found.is_resolved, case)
    is_same = before and (before.words, before.counts) == (now.words, now.counts)
    fields[_violation(fact)] = before if before and is_same else now


@dataclass(slots=True)
class _Case:
    """A violation, while its events are followed."""

    category: str
    found: Violation
    is_reopened: bool = False

    @property
    def stands(self) -> Stands:
        return Stands(
            is_open=not self.found.is_resolved,
            is_proposed=self.found.proposed_by is not None,
            claimed_by=self.found.claimed_by,
            is_seen=self.found.is_acknowledged,
            is_reopened=self.is_reopened,
            levels=self.found.levels,
        )

    def follow(self, fact: FactRow) -> None:
        """What is sealed in the event is not asked for."""
        kind = _ABOUT[fact.kind]
        about = {name: fact.about.get(name) for name in kind.__struct_fields__}
        follow(self.found, kind(**about))
        self.is_reopened |= kind is SafetyViolationReopened


def _violation(fact: FactRow) -> Name:
    return "violation", _code(fact, "violation_id")


def _held(fields: dict[Name, Value], fact: FactRow) -> None:
    fields[_hold(fact)] = Value(f"binds, clause {_code(fact, 'clause')}", fact)


def _lifted(fields: dict[Name, Value], fact: FactRow) -> None:
    if _hold(fact) in fields:
        fields[_hold(fact)] = Value("lifted", fact, counts=False)


def _hold(fact: FactRow) -> Name:
    return "hold", _code(fact, "hold_id")


def _asked(fields: dict[Name, Value], fact: FactRow) -> None:
    fields.setdefault(("erasure",), Value("asked for by the parent", fact))


def _ordered(fields: dict[Name, Value], fact: FactRow) -> None:
    if _code(fact, "why") == "erasure" and not _is_erased(fields):
        fields["erasure",] = Value("ordered", fact)


def _erased(fields: dict[Name, Value], fact: FactRow) -> None:
    if not _is_erased(fields):
        fields["erasure",] = Value("erased", fact)


def _is_erased(fields: Mapping[Name, Value]) -> bool:
    known = fields.get(("erasure",))
    return known is not None and known.words == "erased"


def _code(fact: FactRow, name: str) -> str:
    return str(fact.about.get(name) or "")


def _said(code: str) -> str:
    return code.replace("_", " ")


_ABOUT: Final[Mapping[str, Any]] = {one.__name__: one for one in ABOUT}
_EVOLVE: Final[Mapping[str, Callable[[dict[Name, Value], FactRow], None]]] = {
    "ChildRegistered": _registered,
    "ConsentGranted": _granted,
    "ConsentWithdrawn": _withdrawn,
    **dict.fromkeys(_ABOUT, _about_case),
    "HoldPlaced": _held,
    "HoldLifted": _lifted,
    "ErasureRequested": _asked,
    "DestructionOrdered": _ordered,
    "ErasureCompleted": _erased,
}
