"""Puts the mirror's bytes back into a log that lost records: `plan` decides what is missing, `run` writes it back."""

from __future__ import annotations
