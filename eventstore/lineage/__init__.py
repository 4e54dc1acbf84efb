"""What became of a person's keys, by the log: `privacy.{subject}` folded, and asked by a key's id."""

from __future__ import annotations
