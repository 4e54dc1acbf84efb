"""Appending: the appender's life, its processes, its shares; the store at its edges."""

from __future__ import annotations
