"""What the tests of appends send."""

from __future__ import annotations

from typing import Any


def placed(customer: str = "c-1", **data: Any) -> dict[str, Any]:
    """An order came in."""
    return {"type": "OrderPlaced", "data": {"customer_id": customer, **data}}


def changed(quantity: int = 1, **more: Any) -> dict[str, Any]:
    """Its quantity was changed."""
    return {"type": "OrderChanged", "data": {"quantity": quantity}, **more}


def body(*events: dict[str, Any], expected: Any = "any") -> dict[str, Any]:
    """Of an append; of one event, if none is given."""
    return {"expected_version": expected, "events": list(events) or [changed()]}
