"""Snapshots: built, written, found, forged, killed."""

from __future__ import annotations
