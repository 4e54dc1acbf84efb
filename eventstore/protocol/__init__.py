"""What a record is and what it means: docs/RECORD_FORMAT.md in code. Pure, but for nothing: no clock, no database, no framework."""

from __future__ import annotations
