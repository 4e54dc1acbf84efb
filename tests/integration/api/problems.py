"""What every refusal has."""

from __future__ import annotations

from typing import Any


def is_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The members of a problem, held against status and code."""
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said.get("code")) == (status, code), said
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert said["type"] == f"/api/v1/problems/{code}"
    assert said["status"] == status
    assert said["title"]
    assert said["detail"]
    assert said["resolve"]
    return said
