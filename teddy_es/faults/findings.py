"""What must be zero at the end of a campaign, and what is counted towards it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

ZEROS: Final = {
    "lost": "acknowledged appends lost",
    "twice": "appends stored twice",
    "holes": "holes in a stream's versions",
    "doubles": "versions given twice",
    "contradicted": "answers that the log contradicts",
    "invented": "records that nobody proposed so",
    "unexpected": "answers that no caller should get",
    "unresolved": "unknown outcomes left",
    "index": "rows of mirror, index and heads that are not the fold",
    "rebuild": "rebuilds that do not end in the same bytes",
    "back": "times that a reader saw something missing, repeated or going back",
    "endless": "reads without an end that gave other events than the log's",
    "loaded": "aggregates that were loaded in another state than the log's",
    "sealed": "sealed texts that are neither as they were proposed nor erased, and keys of the erased that live",
    "kept": "snapshots that say another state than the log's",
    "missed": "accepted events that a follower missed",
    "again": "events that a follower handled again",
    "disorder": "events that a follower handled behind a later one of their stream",
    "foreign": "events that a follower handled though they are not in the log so",
}
_EXAMPLES: Final = 5


class Findings:
    """A count for each zero, with the first examples."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, kind: str, what: str) -> None:
        """One more that is not zero. Raises KeyError for a kind that is none of `ZEROS`."""
        ZEROS[kind]
        self.counts[kind] += 1
        if len(self.examples[kind]) < _EXAMPLES:
            self.examples[kind].append(what)

    @property
    def zeros(self) -> dict[str, int]:
        """All of them, in their order."""
        return {kind: self.counts[kind] for kind in ZEROS}
