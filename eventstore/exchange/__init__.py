"""Events as files, in and out: NDJSON of CloudEvents (docs/IMPORT_EXPORT.md)."""

from __future__ import annotations
