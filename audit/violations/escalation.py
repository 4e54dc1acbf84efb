"""Nothing is late unseen: at 50, 100 and 150 % of a violation's time an event says so, once each, however late and by how many it is looked for.

Which cases are due the read model says, by an index; whether they are, the child's own stream: the level is appended behind the version at which
the aggregate was loaded, and the aggregate takes each level once. So two who look at once raise it once, whoever dies in between has
raised it or not, and who comes late raises all that are due together. A case of which the read model does not know the
newest act waits until it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from audit.violations.acts import TRIES, Case, done_since
from eventstore.clock import SystemClock
from eventstore.errors import EventStoreError, Retryable
from eventstore.queries.connection import unchecked_rows
from eventstore.queries.unhandled import unhandled_since
from eventstore.retrying import retrying
from eventstore.service import get_service
from teddy_es.domain.child import Child
from teddy_es.domain.deadlines import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eventstore import ports

_log = structlog.get_logger(__name__)

MOST: Final = 500  # cases that a run raises something for
PAGE: Final = 100
BEHIND: Final = timedelta(minutes=5)
"""If the read model has not come further than this, nobody knows what is late."""
_FOLLOWED: Final = {"violations": "eventstore.child"}

# Index: people_violation_level (next_level_at, child_id, violation_id).
DUE: Final = """
SELECT next_level_at, child_id, violation_id, act_version, coalesce(reopened_at, detected_at), began_at, period_s
  FROM people_violation
 WHERE next_level_at <= %(now)s AND (next_level_at, child_id, violation_id) > (%(at)s, %(child)s, %(violation)s)
 ORDER BY next_level_at, child_id, violation_id LIMIT %(limit)s
"""


class EscalationFailed(Exception):  # noqa: N818  (named as the errors of the store are)
    """Some cases could not be looked at, or the read model lies too far behind: something may be late unseen."""

    code = "escalation-failed"


@dataclass(frozen=True, slots=True)
class Due:
    """A case of which a level is due, as the read model has it."""

    at: datetime
    case: Case
    act_version: int
    clock: Clock


def escalate(
    *, clock: ports.Clock | None = None, most: int = MOST, page: int = PAGE
) -> Mapping[str, int]:
    """Raise what is due, for at most so many cases; what is left is the next run's. Raises `EscalationFailed` behind all others, `Retryable` at once."""
    now = (clock or SystemClock()).now()
    cases = levels = failed = 0
    for due in _due(now, page):
        try:
            raised = _raise(due, now)
        except Retryable:
            raise
        except EventStoreError as error:
            failed += 1
            _log.warning(
                "a violation could not be escalated",
                action="escalation-failed",
                code=error.code,
            )
            continue
        levels += raised
        cases += raised > 0
        if cases >= most:
            break
    if failed or _is_behind(now):
        raise EscalationFailed
    return {"violations": cases, "levels": levels}


def _due(now: datetime, page: int) -> Iterator[Due]:
    """All of them, by pages: one that cannot be raised now keeps none behind it away."""
    at, case = datetime.min.replace(tzinfo=UTC), Case("", "")
    while True:
        rows = unchecked_rows(
            DUE,
            {
                "now": now,
                "at": at,
                "child": case.child_id,
                "violation": case.violation_id,
                "limit": page,
            },
        )
        for next_at, child, violation, version, since, began, period_s in rows:
            at, case = next_at, Case(child, violation)
            period = None if period_s is None else timedelta(seconds=period_s)
            yield Due(at, case, version, Clock(since, began, period))
        if len(rows) < page:
            return


def _raise(due: Due, now: datetime) -> int:
    """How many levels. Another worker may raise one meanwhile, or something else happen to the child: then it is looked at anew."""
    children, case = get_service().repository_for(Child), due.case

    def raising(child: Child) -> int:
        violation = child.state.violations.get(case.violation_id)
        if violation is None or violation.is_resolved:
            return 0
        if done_since(case, due.act_version, child.version):
            return 0
        wanted = [x for x in due.clock.levels_due(now) if x not in violation.levels]
        for level in wanted:
            child.escalate(case.violation_id, level)
        return len(wanted)

    return retrying(children, case.child_id, raising, attempts=TRIES)


def _is_behind(now: datetime) -> bool:
    since = unhandled_since(_FOLLOWED)
    return since is not None and now - since > BEHIND
