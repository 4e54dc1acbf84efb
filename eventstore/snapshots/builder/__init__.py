"""Builds the snapshots that are due, and looks at some again. Start reading at `building`."""

from __future__ import annotations
