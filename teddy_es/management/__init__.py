"""The project's commands."""

from __future__ import annotations
