"""How subscriptions stand, written for a terminal and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eventstore.clock import SystemClock
from eventstore.management.tables import table
from eventstore.queries.keyset import Wanted
from eventstore.queries.subscriptions import (
    actions,
    parked_streams,
    partition_statuses,
    status_of,
)
from eventstore.queries.unseen import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.queries.subscriptions import Parked, SubscriptionStatus

_MANY = 1_000  # parked streams that are shown at most

_HEAD = (
    "name",
    "state",
    "lag",
    "records/s",
    "handled",
    "left out",
    "retrying",
    "parked",
    "wants",
)
_NUMBERS = {"lag", "records/s", "handled", "left out", "retrying", "parked"}


def overview(listed: Sequence[SubscriptionStatus]) -> str:
    """A table."""
    if not listed:
        return "No subscription has run yet. Name some in EVENTSTORE['SUBSCRIPTIONS'], then start a worker: manage.py subscriptions run"
    rows = [
        (
            status.name,
            status.state,
            f"{status.lag:,}",
            f"{status.rate:,.1f}",
            f"{status.handled:,}",
            f"{status.skipped:,}",
            f"{status.retrying:,}",
            f"{status.parked:,}",
            status.wants,
        )
        for status in listed
    ]
    return table(_HEAD, rows, right=_NUMBERS)


def as_json(status: SubscriptionStatus) -> dict[str, Any]:
    """Of one, for programs: times in ISO 8601, rates in records a second."""
    facts = {**asdict(status), "state": status.state, "eta_s": status.eta_s}
    return {key: _plain(value) for key, value in facts.items()}


def lines_of(name: str, *, as_json: bool) -> str:
    """One with its partitions, its parked streams and what people had it do. Raises `SubscriptionNotFound`."""
    status = status_of(name, SystemClock().now())
    parked = parked_streams(Wanted(size=_MANY), name).rows
    if as_json:
        return json.dumps(_all_of(status, parked))
    lines = [
        f"{name} (version {status.version}): {status.state}, {status.lag:,} records to go, {status.rate:,.1f} records/s"
        + (f", about {status.eta_s:,.0f} s" if status.lag and status.eta_s else ""),
        f"wants {status.wants}; handled {status.handled:,} events, left out {status.skipped:,}",
    ]
    lines += [_parked_line(row) for row in parked]
    lines += [
        f"{row.done_at:%Y-%m-%d %H:%M} {row.done_by}: {row.action} {row.stream_id or ''} {row.detail} — {row.reason}"
        for row in actions(name, limit=10)
    ]
    return "\n".join(visible(line) for line in lines)


def _parked_line(row: Parked) -> str:
    then = f"again at {row.retry_at:%H:%M:%S}" if row.retry_at else "waits for a person"
    return (
        f"parked: {row.stream_id} at version {row.version} ({row.event_type}): {row.error} at {row.place or '-'},"
        f" {row.attempts} attempts, {row.waiting} events wait; {then}"
    )


def _all_of(status: SubscriptionStatus, parked: Sequence[Parked]) -> dict[str, Any]:
    def plain(rows: Sequence[Any]) -> list[dict[str, Any]]:
        return [
            {key: _plain(getattr(row, key)) for key in row.__slots__} for row in rows
        ]

    return {
        **as_json(status),
        "places": plain(partition_statuses(status.name)),
        "streams": plain(parked),
        "actions": plain(actions(status.name)),
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
