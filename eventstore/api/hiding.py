"""What nobody is shown whom a `Reach` keeps it from, though the event is theirs to see: staff's codes, for a household.

The field stays, with `HIDDEN` for its value: whoever reads by the event's schema reads on, and sees that there was something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eventstore.events import RecordedEvent
    from eventstore.ports import Reach

HIDDEN: Final = "withheld"


def may_show(reach: Reach, event: RecordedEvent) -> RecordedEvent:
    """The event, without the values that this reach hides."""
    found = _found(reach.hides, event)
    if not found:
        return event
    data = {**event.data, **dict.fromkeys(found, HIDDEN)}
    return msgspec.structs.replace(event, data=data)


def may_show_all(reach: Reach, events: Sequence[RecordedEvent]) -> bool:
    """Whether nothing of these is hidden."""
    return not any(_found(reach.hides, event) for event in events)


def state_without(names: Collection[str], value: Any) -> Any:
    """A state as it is written down, without the texts that stand under these names, however deep."""
    if isinstance(value, dict):
        return {
            name: HIDDEN
            if name in names and isinstance(one, str)
            else state_without(names, one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [state_without(names, one) for one in value]
    return value


def _found(names: Collection[str], event: RecordedEvent) -> list[str]:
    return [name for name in names if event.data.get(name) is not None]
