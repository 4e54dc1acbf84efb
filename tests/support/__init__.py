"""What tests share: worlds, processes, servers, clocks. No tests."""

from __future__ import annotations
