"""The key store: minting, opening, destroying; its crashes, its silence, its plans; rotation."""

from __future__ import annotations
