"""Fixtures that several levels of tests share, one kind of machinery a file."""

from __future__ import annotations
