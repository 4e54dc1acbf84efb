"""Events: the list, one event with its evidence."""

from __future__ import annotations
