"""The Teddy domain in pure Python: what can happen to a child, a conversation, a parent."""

from __future__ import annotations
