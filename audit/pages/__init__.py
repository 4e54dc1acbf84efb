"""The console's pages: each reads through `eventstore.queries` and writes nothing."""

from __future__ import annotations
