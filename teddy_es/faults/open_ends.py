"""Which commits of a journal nobody knows the outcome of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from teddy_es.faults.work import Proposal

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN: Final = "outcome-unknown"
UNAVAILABLE: Final = "log-unavailable"
ERASED: Final = "subject-erased"
NOT_WRITTEN: Final = (
    "not-written"  # in the end, of a commit that can be proposed no more
)
NOTHING_WRITTEN: Final = (UNAVAILABLE, "key-store-unavailable", ERASED)
"""What says that this call wrote nothing, and nothing of the calls before it."""


def open_ends(lines: Iterable[dict[str, Any]]) -> list[Proposal]:
    """The commits of which some call may have written a copy, and no call was told the verdict.

    A call without an answer counts as one: its process was killed. One that was told that nothing was written
    says nothing about the calls before it. A call whose commit id was the store's to make, and that got no answer, is
    left out: nobody can ask for it. The judge finds it by its name. Who goes on proposes the data of the call that is
    taken: all calls of a commit that may have written it have the same (`Proposal.label`).
    """
    reads: dict[str, dict[str, Any]] = {}
    waiting: dict[tuple[str, str | None], set[str]] = {}
    settled: set[tuple[str, str | None]] = set()
    for line in lines:
        if line["t"] == "try":
            reads[line["a"]] = line
            if line["c"]:
                waiting.setdefault((line["s"], line["c"]), set()).add(line["a"])
        elif line["t"] == "answer" and line["a"] in reads:
            call = reads[line["a"]]
            commit = call["c"] or line.get("c")
            reads[line["a"]] = {**call, "c": commit}
            calls = waiting.setdefault((call["s"], commit), set())
            if line["is"] == UNKNOWN:
                calls.add(line["a"])
            elif line["is"] in NOTHING_WRITTEN:
                calls.discard(line["a"])
            else:
                settled.add((call["s"], commit))
    return [
        Proposal.of(reads[min(calls)])
        for key, calls in waiting.items()
        if calls and key not in settled
    ]
