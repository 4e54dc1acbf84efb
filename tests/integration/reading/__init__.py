"""Reads, by pages and whole, after a crash too."""

from __future__ import annotations
