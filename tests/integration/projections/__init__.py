"""Read models, built and switched."""

from __future__ import annotations
