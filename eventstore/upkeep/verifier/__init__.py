"""Holds log, mirror, index and heads against each other, both ways."""

from __future__ import annotations
