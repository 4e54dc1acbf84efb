"""Old code and new code side by side on one log, before and after the new rules are switched on (rule 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.ports import Proposal
from eventstore.protocol.placement import place_of
from eventstore.testing.log_given import append
from tests.support.processes import a_process, told
from tests.support.worlds import record

if TYPE_CHECKING:
    from eventstore.store import EventStore


pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def stream(store: EventStore) -> str:
    """A stream of the store's only type."""
    [topic] = store.topics.numbers
    return f"{topic.removeprefix('eventstore.')}.{uuid4()}"


def written_by_new_rules(store: EventStore, stream: str) -> None:
    """A record of version 2, as some producer may write it at any time."""
    place = place_of(stream, store.topics.partitions)
    log = store.make_log()
    append(log, Proposal(place, stream.encode(), record(stream, v=2)))
    log.close()


def test_before_the_activation_new_records_are_malformed_for_both(
    store: EventStore, stream: str
) -> None:
    with a_process("obey") as old, a_process("obey", rules=2) as new:
        assert told(old, "append", stream=stream) == {"done": 1}
        written_by_new_rules(store, stream)
        assert told(new, "append", stream=stream) == {"done": 2}
        written_by_new_rules(store, stream)
        assert told(old, "append", stream=stream) == {"done": 3}

        for process in (old, new):
            assert told(process, "read", stream=stream) == {"done": [1, 2, 3]}
            assert told(process, "mirror") == {"done": {}}


def test_after_it_new_code_goes_on_and_old_code_stops_loudly_until_it_is_updated(
    store: EventStore, stream: str
) -> None:
    commit = str(uuid4())
    with a_process("obey") as old, a_process("obey", rules=2) as new:
        told(old, "append", stream=stream)

        assert told(new, "activate", version=2) == {"done": store.topics.partitions}
        assert told(new, "activate", version=2) == {"done": 0}
        written_by_new_rules(store, stream)
        assert told(new, "append", stream=stream) == {"done": 3}

        # it had a view of before: its record is in the log, and it cannot judge it
        first = told(old, "append", stream=stream, commit=commit)
        assert (first["refused"], first["cause"]) == (
            "outcome-unknown",
            "unknown-rule-version",
        )
        # from then on nothing is written
        second = told(old, "append", stream=stream)
        assert second["refused"] == "unknown-rule-version"
        assert "update" in second["text"].lower()
        assert len(told(old, "mirror")["done"]) == store.topics.partitions
        assert told(old, "read", stream=stream) == {"done": [1, 2, 3]}

        with a_process("obey") as old_and_started_late:
            late = told(old_and_started_late, "append", stream=stream)
            assert late["refused"] == "unknown-rule-version"
        assert told(new, "append", stream=stream) == {"done": 5}

    with a_process("obey", rules=2) as updated:
        again = told(updated, "append", stream=stream, commit=commit)
        assert again == {"done": 4}
        assert told(updated, "append", stream=stream) == {"done": 6}
        assert told(updated, "mirror") == {"done": {}}
        assert told(updated, "read", stream=stream) == {"done": [1, 2, 3, 4, 5, 6]}
