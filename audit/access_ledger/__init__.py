"""The access ledger, both ways: who looked at this child, and what this person looked at."""

from __future__ import annotations
