"""The rules of the write path, each with what it would be without."""

from __future__ import annotations
