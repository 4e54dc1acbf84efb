"""Subscriptions in a list; of one: the streams that wait, its partitions, what people had it do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from django.template.defaultfilters import floatformat, linebreaksbr
from django.urls import reverse

from audit.access import Capability
from audit.addresses import event_address
from audit.columns import cells
from audit.columns.table import Column, Table
from audit.formats import age, thousands, utc_second
from audit.projections.columns import time_to_go

if TYPE_CHECKING:
    from audit.access import Viewer
    from eventstore.queries.subscriptions import (
        ActionRow,
        Parked,
        PartitionStatus,
        SubscriptionStatus,
    )

_STATES: Final = {
    "up to date": ("good", "ok"),
    "behind": ("info", "clock"),
    "paused": ("warn", "pause"),
}
_OTHERWISE: Final = ("warn", "unknown")


def state_chip(status: SubscriptionStatus) -> str:
    """How it stands, in a word."""
    return cells.chip(*_STATES.get(status.state, _OTHERWISE), status.state)


# ---- all subscriptions


def _subscription(status: SubscriptionStatus, _viewer: Viewer) -> str:
    address = reverse("admin:subscription", args=[status.name])
    name = cells.linked(status.name, address, is_main=True)
    return cells.beside(name, cells.was(status.wants), css="wrap")


def _state(status: SubscriptionStatus, _viewer: Viewer) -> str:
    return cells.beside(state_chip(status))


def _to_go(status: SubscriptionStatus, viewer: Viewer) -> str:
    waits = status.oldest and cells.was(f"oldest: {age(status.oldest, viewer.now)}")
    return cells.beside(thousands(status.lag), waits or "")


def _handled(status: SubscriptionStatus, _viewer: Viewer) -> str:
    skipped = status.skipped and cells.was(f"{thousands(status.skipped)} left out")
    return cells.beside(thousands(status.handled), skipped or "")


def _parked(status: SubscriptionStatus, _viewer: Viewer) -> str:
    return cells.toned("bad", thousands(status.parked)) if status.parked else "0"


SUBSCRIPTIONS: Final[Table[SubscriptionStatus]] = Table(
    "Subscriptions by name",
    (
        Column("Subscription", _subscription, heads_row=True),
        Column("State", _state),
        Column("Records to go", _to_go, is_number=True),
        Column("Records/s", lambda how, _: floatformat(how.rate, "1g"), is_number=True),
        Column("Up to date in", lambda how, _: time_to_go(how), is_number=True),
        Column("Events handled", _handled, is_number=True),
        Column("Retrying", cells.number(lambda how: how.retrying), is_number=True),
        Column("Parked", _parked, is_number=True),
    ),
    tone=lambda how: "bad" if how.parked else "",
)

# ---- streams that wait


def _failed_event(row: Parked, viewer: Viewer) -> str:
    """By its place in the log: a stream's name says whose it is, and not everybody here may see that."""
    event: str = row.event_type
    if viewer.may(Capability.SEE_PAYLOADS):
        event = cells.linked(event, event_address(row.position), is_main=True)
    return cells.beside(
        event,
        cells.was(str(row.position), "was mono wrap"),
        cells.was(f"version {thousands(row.version)}"),
    )


def _error(row: Parked, _viewer: Viewer) -> str:
    return cells.beside(row.error, row.place and cells.was(row.place, "was mono"))


def _tried(row: Parked, _viewer: Viewer) -> str:
    times = {0: "counted anew", 1: "once"}
    told = times.get(row.attempts, f"{thousands(row.attempts)} times")
    return cells.beside(utc_second(row.failed_at), cells.was(told))


def _next(row: Parked, _viewer: Viewer) -> str:
    waits = cells.chip("bad", "person", "waits for a person", css="chip nowrap")
    then = utc_second(row.retry_at) if row.retry_at else waits
    return cells.beside(
        then, cells.was(f"{cells.counted(row.waiting, 'event')} waiting")
    )


def parked(name: str) -> Table[Parked]:
    """Of this subscription."""

    replay, skip = (
        reverse("admin:subscription_act", args=[name, act])
        for act in ("replay", "skip")
    )

    def do(row: Parked, _viewer: Viewer) -> str:
        return cells.beside(
            _button(replay, row, "Replay…", "Replay {}…"),
            _button(skip, row, "Skip…", "Skip the event of {}…"),
            css="actions tight",
            between="",
        )

    return Table(
        "Parked streams and those that are retried",
        (
            Column("Event that failed", _failed_event, heads_row=True),
            Column("Error", _error),
            Column("Tried, UTC", _tried),
            Column("Next, UTC", _next),
            Column("Do", do, needs=Capability.OPERATE),
        ),
        tone=lambda row: "warn" if row.retry_at else "bad",
    )


def _button(address: str, row: Parked, label: str, said: str) -> str:
    return cells.linked(
        label,
        f"{address}?at={quote(str(row.position), safe='')}",
        css="button small",
        aria_label=said.format(row.position),
    )


# ---- partitions, and what people had it do


def _lag(place: PartitionStatus, _viewer: Viewer) -> str:
    if place.is_beyond:
        return cells.toned("warn", "beyond the index")
    return thousands(place.lag)


PLACES: Final[Table[PartitionStatus]] = Table(
    "Checkpoints by partition",
    (
        Column("Partition", cells.mono(lambda place: place.place), heads_row=True),
        Column("Next offset", cells.number(lambda place: place.cursor), is_number=True),
        Column(
            "Folded up to", cells.number(lambda place: place.folded), is_number=True
        ),
        Column("Records to go", _lag, is_number=True),
        Column(
            "Events handled", cells.number(lambda place: place.handled), is_number=True
        ),
        Column("Last moved, UTC", cells.second(lambda place: place.moved_at)),
    ),
    tone=lambda place: "warn" if place.is_beyond else "",
    is_tight=True,
)


def _what(row: ActionRow, _viewer: Viewer) -> str:
    at = row.position and cells.was(str(row.position), "was mono wrap")
    return cells.beside(row.action, row.detail, at or "")


def _why(row: ActionRow, _viewer: Viewer) -> str:
    return cells.beside(linebreaksbr(row.reason))


ACTIONS: Final[Table[ActionRow]] = Table(
    "Actions, newest first",
    (
        Column("When, UTC", cells.second(lambda row: row.done_at)),
        Column("Who", cells.text(lambda row: row.done_by), heads_row=True),
        Column("What", _what),
        Column("Why", _why),
    ),
)
