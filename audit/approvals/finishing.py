"""What was left half done: requests whose time is over, answers that were not carried out because a process died behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.approvals import asking
from audit.approvals.asking import Thing
from eventstore.aggregates import DomainError
from eventstore.clock import SystemClock
from eventstore.errors import EventStoreError, Retryable
from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from audit.approvals.asking import Deed
    from eventstore.ports import Clock

MOST: Final = 500  # of each, a run

# Index: people_approval_expires.
OVER: Final = """
SELECT approval_id FROM people_approval WHERE state = 'waiting' AND expires_at <= %(now)s
 ORDER BY expires_at, approval_id LIMIT %(most)s
"""
# Index: people_approval_agreed.
AGREED: Final = """
SELECT kind, "object", object_version FROM people_approval WHERE state = 'approved'
 ORDER BY decided_at, approval_id LIMIT %(most)s
"""


class FinishingFailed(Exception):  # noqa: N818  (named as the errors of the store are)
    """Some requests could not be ended or carried out; the others were."""

    code = "finishing-failed"


def finish(
    deeds: Mapping[str, Deed], *, clock: Clock | None = None, most: int = MOST
) -> Mapping[str, int]:
    """End what nobody answered in time, and carry out what was agreed to. deeds: by the kind of request.

    Raises `FinishingFailed` behind all others, `Retryable` at once.
    """
    now = (clock or SystemClock()).now()
    over = unchecked_rows(OVER, {"now": now, "most": most})
    expired, failed = _each(over, lambda id_: asking.expire(id_, clock=clock))
    agreed = unchecked_rows(AGREED, {"most": most})
    done, undone = _each(
        agreed, lambda kind, *about: asking.carry_out(Thing(kind, *about), deeds[kind])
    )
    if failed or undone:
        raise FinishingFailed
    return {"expired": expired, "carried_out": done}


def _each(
    rows: Sequence[Sequence[Any]], does: Callable[..., object]
) -> tuple[int, int]:
    """For how many something was recorded, and how many could not be finished: one of them keeps none behind it away."""
    done = failed = 0
    for row in rows:
        try:
            done += does(*row) is not None
        except Retryable:
            raise
        except (DomainError, EventStoreError, LookupError, TypeError) as error:
            failed += 1
            asking.tell_unfinished(error)
    return done, failed
