"""Migrations of the read models' tables."""

from __future__ import annotations
