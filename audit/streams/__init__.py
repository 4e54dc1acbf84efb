"""Streams: the list, one stream by its versions."""

from __future__ import annotations
