"""What PostgreSQL does to the store: full disks, lost sessions, servers that do not fit."""

from __future__ import annotations
