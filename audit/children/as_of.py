"""What was known and allowed at a moment, beside what had happened though nobody could know it, and what is so today. Pure.

Two times matter. `recorded_at`: known at the moment is what the log had taken by then. `occurred_at`: what was recorded later
but had happened by then could not be known; what happened later had not happened. Today is the day of the link, not of its
reader: nothing counts that stands behind its cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from audit.people.models import Lane
from teddy_es.domain.violations import graver

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
    """What a field is, and the fact that set it. counts: whether it stands on the page by itself: an open case, a hold that binds."""

    words: str
    set_by: FactRow
    counts: bool = True


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


def _detected(fields: dict[Name, Value], fact: FactRow) -> None:
    severity = _code(fact, "severity")
    what = f"{_said(_code(fact, 'category'))}, {severity}"
    before = fields.get(_violation(fact))
    if before is None:
        fields[_violation(fact)] = Value(f"{what}: detected", fact)
    else:
        _detected_again(fields, fact, before, severity)


def _detected_again(
    fields: dict[Name, Value], fact: FactRow, before: Value, severity: str
) -> None:
    """It can become graver; where it stands it stays."""
    what, _, step = before.words.partition(": ")
    category, _, known = what.rpartition(", ")
    if severity != graver(cast("Severity", known), cast("Severity", severity)):
        return
    if severity != known:
        words = f"{category}, {severity}: {step}"
        fields[_violation(fact)] = Value(words, fact, before.counts)


def _step(
    step: str, *, opens: bool = False, closes: bool = False
) -> Callable[[dict[Name, Value], FactRow], None]:
    """An event about a violation that was never detected changes nothing here, and of a closed one only its reopening."""

    def evolve(fields: dict[Name, Value], fact: FactRow) -> None:
        before = fields.get(_violation(fact))
        if before is not None and (before.counts or opens):
            what = before.words.partition(":")[0]
            fields[_violation(fact)] = Value(f"{what}: {step}", fact, not closes)

    return evolve


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


_EVOLVE: Final[Mapping[str, Callable[[dict[Name, Value], FactRow], None]]] = {
    "ChildRegistered": _registered,
    "ConsentGranted": _granted,
    "ConsentWithdrawn": _withdrawn,
    "SafetyViolationDetected": _detected,
    "SafetyViolationAcknowledged": _step("acknowledged"),
    "SafetyViolationClaimed": _step("an officer works on it"),
    "SafetyViolationReleased": _step("given back"),
    "SafetyViolationEscalated": _step("escalated"),
    "SafetyViolationDecisionProposed": _step("a decision waits for a second person"),
    "SafetyViolationDecisionRefused": _step("the second person did not agree"),
    "SafetyViolationResolved": _step("closed", closes=True),
    "SafetyViolationReopened": _step("reopened", opens=True),
    "HoldPlaced": _held,
    "HoldLifted": _lifted,
    "ErasureRequested": _asked,
    "DestructionOrdered": _ordered,
    "ErasureCompleted": _erased,
}
