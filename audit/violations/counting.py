"""How many violations each list has, counted up to a bound: to count all of them would take as long as there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.formats import thousands
from audit.violations.queries import FOLLOWED
from eventstore.database.composing import composed
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.unhandled import FIRST

if TYPE_CHECKING:
    from datetime import datetime

MOST_COUNTED: Final = 10_000

# Indexes: people_violation_open, _claimed, _proposed, _closed.
_COUNTS: Final = composed(
    """
SELECT (SELECT count(*) FROM (SELECT FROM people_violation WHERE NOT (state = 'resolved') LIMIT %(most)s) a),
       (SELECT count(*) FROM (SELECT FROM people_violation WHERE NOT (state = 'resolved') AND claimed_by = %(by)s LIMIT %(most)s) b),
       (SELECT count(*) FROM (SELECT FROM people_violation WHERE NOT (state = 'resolved') AND proposal_version IS NOT NULL
                               LIMIT %(most)s) c),
       (SELECT count(*) FROM (SELECT FROM people_violation WHERE state = 'resolved' LIMIT %(most)s) d),
       (SELECT count(*) FROM (SELECT FROM people_violation WHERE NOT (state = 'resolved') AND queue_at < %(now)s LIMIT %(most)s) e),
       ({unhandled})
""",
    unhandled=FIRST,
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of each tab; of what is open, how many are overdue or have no time that is known. One more than `MOST_COUNTED` stands for more.

    known_before: what the log took from then on may not be counted; None: all that is folded is, of the same moment.
    """

    open: int
    mine: int
    second: int
    closed: int
    overdue: int
    known_before: datetime | None = None


def capped(count: int, *, most: int = MOST_COUNTED) -> str:
    """10,000+ for whatever is more: to count all of it would take as long as there is."""
    return f"{thousands(most)}+" if count > most else thousands(count)


def counts(by: str, now: datetime, *, most: int = MOST_COUNTED) -> Counts:
    """Capped."""
    given = {"names": list(FOLLOWED), "topics": list(FOLLOWED.values())}
    [row] = unchecked_rows(_COUNTS, {"by": by, "now": now, "most": most + 1, **given})
    return Counts(*row)
