"""What operators run: verify, rebuild, restore, roles, jobs, checks."""

from __future__ import annotations
