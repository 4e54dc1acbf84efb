"""Who follows the log: the list, one subscription, what people have it do."""

from __future__ import annotations
