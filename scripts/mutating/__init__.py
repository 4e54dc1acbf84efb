"""Breaks the code in one small place at a time and asks the nearest tests (docs/decisions/0013)."""
