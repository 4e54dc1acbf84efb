"""How projections stand and how two versions differ, written for a terminal and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from eventstore.management.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.projections.comparing import TableDifference
    from eventstore.projections.statuses import VersionStatus

_HEAD: Final = ("name", "version", "state", "records to go", "handled", "parked")


def overview(versions: Sequence[VersionStatus]) -> str:
    """A table."""
    if not versions:
        return "There are no projections. Name them in EVENTSTORE['PROJECTIONS']."
    rows = [
        (
            one.name,
            str(one.version),
            one.state,
            f"{one.status.lag:,}" if one.status else "-",
            f"{one.status.handled:,}" if one.status else "-",
            f"{one.status.parked + one.status.retrying:,}" if one.status else "-",
        )
        for one in versions
    ]
    return table(_HEAD, rows, right={"version", "records to go", "handled", "parked"})


def as_json(one: VersionStatus) -> dict[str, Any]:
    """Of one version, for programs."""
    status = one.status
    return {
        "name": one.name,
        "version": one.version,
        "read": one.is_read,
        "code": one.has_code,
        "built": status is not None,
        "lag": status and status.lag,
        "handled": status and status.handled,
        "parked": status and status.parked + status.retrying,
    }


def difference_lines(differences: Sequence[TableDifference]) -> str:
    """A line a table, and what was sampled."""
    return "\n".join(_lines_of(one) for one in differences)


def differences_as_json(differences: Sequence[TableDifference]) -> list[dict[str, Any]]:
    """For programs."""
    return [asdict(one) for one in differences]


def _lines_of(one: TableDifference) -> str:
    said = "the same" if one.is_same else "DIFFERENT"
    text = f"{one.table}: {said}; {one.old_rows:,} rows before, {one.new_rows:,} now"
    if one.added or one.removed:
        text += f"; columns added: {', '.join(one.added) or '-'}, gone: {', '.join(one.removed) or '-'}"
    if one.sampled:
        text += f"; of {one.sampled} sampled {one.missing} are new and {one.changed} changed"
    if one.unknown:
        text += f"; {', '.join(one.unknown)} leads to rows known by a number only: give their model a unique constraint"
    if one.examples:
        text += f", as {', '.join(one.examples)}"
    return text
