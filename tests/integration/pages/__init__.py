"""The console's pages, their access, their plans."""

from __future__ import annotations
