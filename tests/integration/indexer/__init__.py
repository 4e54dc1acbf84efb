"""Folding, the mirror, partitions that stop."""

from __future__ import annotations
