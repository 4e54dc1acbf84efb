"""Sealing and opening: all of the store's cryptography over data, in one place. Pure, but for the random nonces."""

from __future__ import annotations
