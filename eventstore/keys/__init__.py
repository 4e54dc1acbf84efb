"""The key store: data keys by subject, retention class and month, wrapped, in a database with a backup life of its own."""

from __future__ import annotations
