"""The project around the store: health, metrics, demo, bench, guides."""

from __future__ import annotations
