"""Folds the log into PostgreSQL: a `Session` is one thread's hands, `Folds` what it knows and how it goes on; an `Indexer` is both."""

from __future__ import annotations
