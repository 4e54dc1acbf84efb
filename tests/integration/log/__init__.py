"""The adapters, on real brokers and tables."""

from __future__ import annotations
