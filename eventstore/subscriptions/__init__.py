"""Following the log: durable subscriptions, whose checkpoint moves in the transaction of what their handler wrote."""

from __future__ import annotations

from eventstore.subscriptions.subscription import (
    Start,
    Subscription,
    TryLater,
    Unreadable,
)
from eventstore.subscriptions.waiting import await_for, wait_for

__all__ = [
    "Start",
    "Subscription",
    "TryLater",
    "Unreadable",
    "await_for",
    "wait_for",
]
