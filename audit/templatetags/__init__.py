"""The console's template tags."""

from __future__ import annotations
