"""Which commits of a journal nobody knows the outcome of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from teddy_es.faults.work import Proposal

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN: Final = "outcome-unknown"
UNAVAILABLE: Final = "log-unavailable"


def open_ends(lines: Iterable[dict[str, Any]]) -> list[Proposal]:
    """The commits of which some call may have written a copy, and no call was told the verdict.

    A call without an answer counts as one: its process was killed. One that was told that nothing was written
    says nothing about the calls before it.
    """
    asked: dict[str, dict[str, Any]] = {}
    waiting: dict[tuple[str, str], set[str]] = {}
    settled: set[tuple[str, str]] = set()
    for line in lines:
        if line["t"] == "try":
            asked[line["a"]] = line
            waiting.setdefault((line["s"], line["c"]), set()).add(line["a"])
        elif line["t"] == "answer" and line["a"] in asked:
            key = asked[line["a"]]["s"], asked[line["a"]]["c"]
            if line["is"] == UNAVAILABLE:
                waiting[key].discard(line["a"])
            elif line["is"] != UNKNOWN:
                settled.add(key)
    return [
        Proposal.of(asked[min(calls)])
        for key, calls in waiting.items()
        if calls and key not in settled
    ]
