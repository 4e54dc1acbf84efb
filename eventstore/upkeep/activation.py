"""Switches a further rule version on, in the log itself: one record in each partition (rule 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from eventstore.errors import LogUnanswered
from eventstore.ports import Appended, Proposal
from eventstore.protocol.codec import encode_activation
from eventstore.protocol.fold import KNOWN_RULE_VERSION

if TYPE_CHECKING:
    from eventstore.indexer.indexer import Indexer

_TIMEOUT_S: Final = 30.0


def activate(indexer: Indexer, version: int, *, known: int = KNOWN_RULE_VERSION) -> int:
    """Propose the activation in every partition that does not have it; in how many that was.

    It cannot be taken back: code that knows fewer rule versions stops there. Harmless when run again. Raises
    ValueError for a version that this code does not know, `LogUnanswered` if not every partition took it: run it
    again then.
    """
    if not 2 <= version <= known:
        msg = (
            f"This code knows the rules up to version {known}, and version 1 needs no activation;"
            f" {version} cannot be activated with it."
        )
        raise ValueError(msg)
    indexer.catch_up(indexer.topics.places)
    missing = [p for p in indexer.topics.places if indexer.rule_version(p) < version]
    value = encode_activation(version)
    answers = indexer.log.append(
        [Proposal(place, None, value) for place in missing], timeout_s=_TIMEOUT_S
    )
    refused = [a for a in answers if not isinstance(a, Appended)]
    if refused:
        raise LogUnanswered(refused[0].reason)
    indexer.catch_up(indexer.topics.places)
    return len(missing)
