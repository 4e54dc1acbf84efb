"""A child's pages, from the queries beneath them upwards."""

from __future__ import annotations
