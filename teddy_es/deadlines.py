"""How many minutes a safety violation may wait for its decision, by its severity: the setting DEADLINES.

Each operator answers for its own. A case keeps the rule that was in force when the log took it, so a change is a further
entry with its own `since`, a day that has not come yet; what stands here already is never edited.
"""

from __future__ import annotations

from typing import Any, Final

DEADLINES: Final[list[dict[str, Any]]] = [
    {"since": "2018-01-01", "critical": 15, "high": 60, "medium": 480, "low": 1440},
]
