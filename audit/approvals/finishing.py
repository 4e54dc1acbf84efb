"""What was left half done: requests whose time is over, answers that were not carried out because a process died behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.approvals import asking
from audit.approvals.asking import Thing
from eventstore.clock import SystemClock
from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def finish(
    deeds: Mapping[str, Deed], *, clock: Clock | None = None, most: int = MOST
) -> Mapping[str, int]:
    """End what nobody answered in time, and carry out what was agreed to. deeds: by the kind of request."""
    now = (clock or SystemClock()).now()
    over = unchecked_rows(OVER, {"now": now, "most": most})
    expired = sum(
        asking.expire(approval_id, clock=clock) is not None for (approval_id,) in over
    )
    done = 0
    for kind, object_, version in unchecked_rows(AGREED, {"most": most}):
        thing = Thing(kind, object_, version)
        done += asking.carry_out(thing, deeds[kind]) is not None
    return {"expired": expired, "carried_out": done}
