"""The audit console: reads, explains, and (with the issues to come) records who looked."""

from __future__ import annotations
