"""Who said yes or no to what was asked for: every answer that was ever given about one thing, as its row of the read model keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from eventstore.queries.connection import unchecked_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# Index: the key.
_OF: Final = """
SELECT approval_id, answers::text FROM people_approval WHERE approval_id = ANY(%(ids)s)
"""


class Answer(msgspec.Struct, frozen=True):
    """about: the version of the thing that it answers for. version, position: of the answer, among the requests."""

    about: int | None
    decision: Literal["approved", "refused"]
    by: str
    version: int
    at: datetime
    position: int


def answers_in(text: str) -> Sequence[Answer]:
    """As the row has them, the oldest first."""
    return _ANSWERS.decode(text)


def answers_of(approval_ids: Collection[str]) -> Mapping[str, Sequence[Answer]]:
    """By the stream of the requests; what nobody asked for is left out."""
    given = {"ids": list(approval_ids)}
    rows = unchecked_rows(_OF, given) if approval_ids else ()
    return {id_: answers_in(text) for id_, text in rows}


_ANSWERS: Final = msgspec.json.Decoder(list[Answer])
