"""What is asked before a commit is proposed: the answer of a commit that is decided, the refusal of what can never come true (rule 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.appender.answer import answer_from_decided, refuse_if_stale
from eventstore.appender.pending import able
from eventstore.queries.commits import pre_check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eventstore.appender.pending import Pending
    from eventstore.events import Place
    from eventstore.indexer.folds import Folds
    from eventstore.indexer.session import Session
    from eventstore.queries.commits import Decided


class PreCheck:
    """Of one turn after the other. Its questions go over the session's connection, its guesses rest on what the folds know."""

    def __init__(self, session: Session, folds: Folds) -> None:
        self._session = session
        self._folds = folds
        self._stale: list[
            tuple[Pending, int]
        ] = []  # of this turn, and the head that was seen

    def is_lost(self, pending: Pending) -> bool:
        """Whether it can never hold again, by the head as last folded here: a hint, for another process may know better."""
        commit = pending.commit
        head = self._folds.known_head(pending.place, commit.stream_id)
        return head is not None and not commit.expected.can_still_hold(head)

    def settle(self, ready: Sequence[Pending]) -> None:
        """Answer what is decided, refuse what can never come true again. Beside a rival that may, it is held until `refuse_stale`."""
        self._stale = []
        self._folds.learn({(p.place, p.commit.stream_id) for p in ready if p.fresh})
        # nobody can know an id that was made in this call; and where the head as last folded here does not speak
        # against it, the log may be asked at once
        in_doubt = [p for p in ready if p.sent or not p.fresh or not self._may_hold(p)]
        stale = []
        for p, known, head in self.known(in_doubt):
            if known is not None:
                answer_from_decided(p, known)
            elif not p.may_hold(head):
                stale.append((p, head))
                p.held = True
        # Who is told a head that a rival of this very turn leaves behind proposes in vain again, and so for ever.
        contested = {p.commit.stream_id for p in able(ready)}
        self._stale = [one for one in stale if one[0].commit.stream_id in contested]
        for p, head in stale:
            if p.commit.stream_id not in contested:
                refuse_if_stale(p, head)

    def refuse_stale(self, place: Place) -> None:
        """By the heads as they are committed now. Before the rivals are answered: who lost may be first to come back."""
        for p, head in self._stale:
            if p.place == place:
                now = self._folds.known_head(place, p.commit.stream_id)
                refuse_if_stale(p, max(head, now or 0))

    def known(
        self, in_doubt: Sequence[Pending]
    ) -> Iterator[tuple[Pending, Decided | None, int]]:
        """Each with what decided it, if it is decided, and the head of its stream."""
        if not in_doubt:
            return
        with self._session.connection().cursor() as cursor:
            decided, heads = pre_check(cursor, [p.key for p in in_doubt])
        for p in in_doubt:
            yield p, decided.get(p.key), heads[p.commit.stream_id]

    def _may_hold(self, pending: Pending) -> bool:
        """Whether its expectation can hold, for all that this process knows without asking: never a refusal."""
        commit = pending.commit
        head = self._folds.known_head(pending.place, commit.stream_id)
        if head is None:
            return commit.expected.value == "any"
        return commit.expected.can_still_hold(head)
