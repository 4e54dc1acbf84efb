"""What the panels of a page of the console show."""

from __future__ import annotations

from typing import Any


def rows(answer: Any, panel: int = 0) -> list[Any]:
    """Of the panel of this number, from above."""
    return list(answer.context["panels"][panel].rows)


def listed(answer: Any, panel: int = 0) -> Any:
    """The page of a list that it goes on from."""
    return answer.context["panels"][panel].pager.listed
