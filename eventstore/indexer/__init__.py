"""Folds the log into PostgreSQL: `advance` is the one public function, `Indexer` what it needs."""

from __future__ import annotations
