"""How somebody wants the console to look: kept with the session."""

from __future__ import annotations
