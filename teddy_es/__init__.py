"""The project: settings, edges, and the Teddy domain."""

from __future__ import annotations
