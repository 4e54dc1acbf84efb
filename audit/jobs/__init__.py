"""What runs by itself."""

from __future__ import annotations
