"""Who wraps data keys: a file's keys, an environment's, or Vault's transit engine."""

from __future__ import annotations
