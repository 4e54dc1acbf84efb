"""Versions of projections, beside the subscriptions that follow for them."""

from __future__ import annotations
