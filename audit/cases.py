"""Where a safety violation stands, in an officer's words: said here once, for every page that says it.

What is done about a case and who has done it decide; that time goes by adds to it and takes nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Step = Literal["closed", "proposed", "claimed", "seen", "new"]

LEVELS: Final[Mapping[str, str]] = {
    "overdue_50": "half of its time was over",
    "overdue_100": "its time was over",
    "overdue_150": "its time was over by half",
}
"""What an escalation by the clock says."""
_SHARES: Final[Mapping[str, str]] = {
    "overdue_50": "50 %",
    "overdue_100": "100 %",
    "overdue_150": "150 %",
}


@dataclass(frozen=True, slots=True)
class Stands:
    """is_proposed: whether its decision is proposed, and nobody has done anything since. levels: of escalation, since it was found or reopened."""

    is_open: bool = True
    is_proposed: bool = False
    claimed_by: str | None = None
    is_seen: bool = False
    is_reopened: bool = False
    levels: Sequence[str] = ()

    @property
    def step(self) -> Step:
        """How far it has come."""
        if not self.is_open:
            return "closed"
        if self.is_proposed:
            return "proposed"
        if self.claimed_by is not None:
            return "claimed"
        return "seen" if self.is_seen else "new"


_WORDS: Final[Mapping[Step, str]] = {
    "closed": "Closed",
    "proposed": "Decision proposed",
    "claimed": "Claimed by {who}",
    "seen": "Seen, unclaimed",
    "new": "Unclaimed",
}


def word(stands: Stands, who: Callable[[str], str] = str) -> str:
    """The one that its chip has. who: how an account is called."""
    return _WORDS[stands.step].format(who=who(stands.claimed_by or ""))


def besides(stands: Stands, who: Callable[[str], str] = str) -> Sequence[str]:
    """What else is so of an open one."""
    if not stands.is_open:
        return ()
    claimed = stands.is_proposed and stands.claimed_by is not None
    found = {
        f"claimed by {who(stands.claimed_by or '')}": claimed,
        "reopened": stands.is_reopened,
        escalated(stands.levels): bool(stands.levels),
    }
    return [told for told, is_so in found.items() if is_so]


def told(stands: Stands, who: Callable[[str], str] = str) -> str:
    """All of it: `decision proposed, claimed by officer-2, escalated at 50 %, 100 %`."""
    first = word(stands, who)
    return ", ".join((first[:1].lower() + first[1:], *besides(stands, who)))


def escalated(levels: Sequence[str]) -> str:
    """At which shares of its time, and whether by somebody."""
    shares = ", ".join(_SHARES[level] for level in levels if level in _SHARES)
    by_hand = "by hand" if "manual" in levels else ""
    at = f"at {shares}" if shares else ""
    return f"escalated {' and '.join(part for part in (at, by_hand) if part)}"
