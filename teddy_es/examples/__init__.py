"""Five examples of how applications work with the store: `manage.py run_examples`. Each is one file that reads downwards."""

from __future__ import annotations
