"""What is known of people, and for whom."""

from __future__ import annotations
