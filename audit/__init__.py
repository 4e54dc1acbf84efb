"""The audit console: reads and explains, and has subscriptions do what somebody wants. It writes no event."""

from __future__ import annotations
