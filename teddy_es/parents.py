"""A parent is found by e-mail address: the public import path, and what EVENTSTORE["SUBSCRIPTIONS"] names. It stands in `audit.parents`."""

from __future__ import annotations

from audit.parents import by_email, find_parent, following, normalised

__all__ = ["by_email", "find_parent", "following", "normalised"]
