"""A child: found, everything that happened to it on one axis, and what was known and allowed at a moment."""

from __future__ import annotations
