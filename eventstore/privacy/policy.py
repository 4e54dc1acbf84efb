"""How long each class of data is kept, and why: a table that a notice can quote. Pure.

A key is of one month. It is past its time when the whole month is: the last instant of it, and the period behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from eventstore.registry import SNAPSHOT_RETENTION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_TEXTS: Final = ("purpose", "need", "source")
_FIELDS: Final = {"since", "months", *_TEXTS}


class PolicyError(ValueError):
    """The policy of retention says something that it cannot mean, or says nothing of a class."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a class is kept from a day on. months: behind the month itself; None until an erasure.

    purpose: what for. need: why so long. source: what says so, a law or a decision.
    """

    retention_class: str
    since: date
    months: int | None
    purpose: str
    need: str
    source: str

    def before(self, today: date) -> str | None:
        """Keys of months before this one are past their time; None where none ever is."""
        if self.months is None:
            return None
        behind = today.year * 12 + today.month - 1 - self.months
        year, month = divmod(behind, 12)
        return f"{year:04d}-{month + 1:02d}" if year > 0 else "0001-01"

    @property
    def period(self) -> str:
        """In words."""
        if self.months is None:
            return "until it is erased"
        if self.months and self.months % 12 == 0:
            return f"{self.months // 12} years" if self.months > 12 else "1 year"
        return f"{self.months} months"


def policies(configured: Mapping[str, Any]) -> Mapping[str, Sequence[Policy]]:
    """What is configured, by class, the latest last. Raises `PolicyError`."""
    made: dict[str, Sequence[Policy]] = {}
    for name, versions in configured.items():
        if name == SNAPSHOT_RETENTION:
            _refuse(name, "snapshots go with what they are made of: leave it out")
        if not isinstance(versions, list | tuple) or not versions:
            _refuse(name, "it is a list of one policy or more")
        of_class = [_policy(name, fields) for fields in versions]
        days = [policy.since for policy in of_class]
        if len(set(days)) < len(days):
            _refuse(name, "two policies begin on the same day")
        made[name] = sorted(of_class, key=lambda policy: policy.since)
    return made


def in_force(of_class: Sequence[Policy], today: date) -> Policy | None:
    """The last that has begun."""
    return next((one for one in reversed(of_class) if one.since <= today), None)


def refuse_missing(
    made: Mapping[str, Sequence[Policy]],
    needed: Collection[str],
    known: Collection[str],
    today: date,
) -> None:
    """Raise `PolicyError` for a class that nobody has said how long to keep as of today, and for a policy of no class there is."""
    for name in sorted(needed):
        if in_force(made.get(name, ()), today) is None:
            _refuse(name, "it has no policy that is in force today")
    for name in sorted(made.keys() - set(known)):
        _refuse(name, "no registered type of events is of this class")


def _policy(name: str, fields: Any) -> Policy:
    if not isinstance(fields, dict) or set(fields) != _FIELDS:
        _refuse(name, f"a policy says {', '.join(sorted(_FIELDS))}, and nothing else")
    months = fields["months"]
    if months is not None and (type(months) is not int or not 0 <= months <= 12 * 200):
        _refuse(name, "months is a number from 0 to 2400, or None for no end")
    for text in _TEXTS:
        if not isinstance(fields[text], str) or not fields[text].strip():
            _refuse(name, f"{text} says nothing")
    try:
        since = date.fromisoformat(fields["since"])
    except (TypeError, ValueError):
        _refuse(name, "since is a date, as in '2026-01-31'")
    texts = (fields[text] for text in _TEXTS)
    return Policy(name, since, months, *texts)


def _refuse(name: str, why: str) -> Any:
    msg = f"EVENTSTORE['RETENTION'], class {name}: {why}."
    raise PolicyError(msg)
