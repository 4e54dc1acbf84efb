"""Who may see what, for which purpose, and the record that is written first."""

from __future__ import annotations
