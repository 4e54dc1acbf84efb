"""Read models that cannot get on with what happens, and get on with it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.clock import SystemClock
from eventstore.subscriptions.operating import Operating, Order
from tests.support.families import handle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.bus import Published
    from eventstore.projections import Projection


def park(model: type[Projection]) -> None:
    """What waits to be handled by the read model is parked: its checkpoint passes it."""

    def stumbles(_self: object, _events: Sequence[Published]) -> None:
        msg = "no matter why"
        raise ValueError(msg)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "handle", stumbles)
        handle(model.name)


def replay(model: type[Projection]) -> None:
    """What was parked is handled."""
    why = Order("ann", "the cause was put right")
    assert Operating(SystemClock()).replay(model.name, None, why)
    handle(model.name)
