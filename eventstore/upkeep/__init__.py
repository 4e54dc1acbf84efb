"""What operators run: verify, restore, rebuild, activation, roles, and the scheduled jobs."""

from __future__ import annotations
