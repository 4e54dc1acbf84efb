"""The one door through which what applications decide gets into the log, commit by commit."""

from __future__ import annotations
