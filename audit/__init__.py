"""The audit console: reads and explains. It records nothing and writes no event."""

from __future__ import annotations
