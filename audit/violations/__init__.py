"""Safety violations: the queue, one case, what is done about it, and that nothing is late unseen."""

from __future__ import annotations
