"""What is known of people, as rows: read models that follow the log and hold ids, codes and times, never a name or a word that was said."""

from __future__ import annotations
