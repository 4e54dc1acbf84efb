"""The console's pages: each reads through `eventstore.queries`; one has subscriptions do something, none writes an event."""

from __future__ import annotations
