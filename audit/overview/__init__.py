"""The first page: what is here."""

from __future__ import annotations
