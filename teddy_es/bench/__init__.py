"""Measures this store beside the one that a user would pick instead, and beside the bare database. docs/PERFORMANCE.md"""

from __future__ import annotations
