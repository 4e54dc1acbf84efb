"""The one door through which commits get into the log."""

from __future__ import annotations
