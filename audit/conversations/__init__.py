"""A conversation: its transcript, masked until a message is revealed for a purpose."""

from __future__ import annotations
