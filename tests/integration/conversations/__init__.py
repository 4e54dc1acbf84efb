"""A conversation's page, from the queries beneath it upwards."""

from __future__ import annotations
