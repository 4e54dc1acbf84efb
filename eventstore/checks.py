"""System checks: what is dangerous or missing, with ids that never change. docs/CHECKS.md has a line for each."""

from __future__ import annotations
