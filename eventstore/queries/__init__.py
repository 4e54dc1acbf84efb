"""The read side's only surface: whoever shows, exports or answers asks here and touches no table."""

from __future__ import annotations
