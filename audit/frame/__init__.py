"""What the site puts round every page: who may see it, how a refusal is said, what stands beside it."""

from __future__ import annotations
