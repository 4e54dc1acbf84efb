"""Subscriptions, their worker and their commands; the real-time stream."""

from __future__ import annotations
