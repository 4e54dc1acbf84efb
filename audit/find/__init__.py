"""Exact look-ups."""

from __future__ import annotations
