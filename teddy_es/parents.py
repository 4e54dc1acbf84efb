"""A parent is found by e-mail address: the public import path, and what EVENTSTORE["SUBSCRIPTIONS"] names. It stands in `audit.parents`."""

from __future__ import annotations

from typing import Final

from audit.parents import by_email, find_parent, normalised

__all__ = ["by_email", "find_parent", "following", "normalised"]

# Here, not beside the index: it asks the configured domain, and the console is loaded by processes of other domains, too.
following: Final = by_email.subscription()
"""What EVENTSTORE["SUBSCRIPTIONS"] names."""
