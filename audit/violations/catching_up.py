"""An officer's own act is to be seen on the page that comes next: the read models are waited for, in bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.errors import (
    StreamParked,
    SubscriptionBehind,
    SubscriptionNotFound,
)
from eventstore.store import get_event_store
from eventstore.subscriptions import wait_for
from teddy_es.domain.approval import approval_of

if TYPE_CHECKING:
    from audit.violations.acts import Case

PATIENCE_S: Final = 3.0  # for each of the two


def has_caught_up(case: Case, *, patience_s: float = PATIENCE_S) -> bool:
    """Whether the newest event of the child, and of the request for a second person, stand in the read models by now."""
    followed = {
        "violations": case.stream_id,
        "approvals": f"approval.{approval_of('close_violation', case.object)}",
    }
    try:
        for subscription, stream_id in followed.items():
            read = get_event_store().read(stream_id, backwards=True, limit=1)
            for newest in read:
                wait_for(subscription, newest.position, patience_s)
    except (SubscriptionBehind, StreamParked, SubscriptionNotFound):
        return False
    return True
