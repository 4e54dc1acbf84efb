"""Errors carry facts as attributes and say what to do; none carries a payload."""

from __future__ import annotations

import pickle

import pytest

from eventstore import errors

EXAMPLES: tuple[errors.EventStoreError, ...] = (
    errors.InvalidStreamId("it has no dot"),
    errors.InvalidEvent("field x", index=3),
    errors.CommitTooLarge(size=1_000_001, limit=1_000_000),
    errors.WrongExpectedVersion("order.1", expected=4, current_version=5),
    errors.EventIdReused("order.1"),
    errors.CommitIdReused("c", "order.1", differs="data", index=3),
    errors.AppendOutcomeUnknown("c", "order.1"),
    errors.LogUnavailable("the queue is full"),
    errors.LogUnanswered("the queue is full"),
    errors.DatabaseUnanswered("PostgreSQL is silent (X)", kind="X"),
    errors.StreamNotFound("order.1"),
    errors.IndexIncomplete(),
    errors.IndexRebuilt(),
    errors.LogTruncated("eventstore.order", 3, cursor=9, found="it ends at 5"),
    errors.LogUnreadable("eventstore.order", 3, 7),
    errors.UnknownRuleVersion("eventstore.order", 3, 7, 2),
    errors.MirrorDiverged("eventstore.order", 3, 7),
    errors.SubjectErased(),
    errors.KeyStoreUnavailable(),
)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_an_error_says_a_sentence_with_its_facts(
    error: errors.EventStoreError,
) -> None:
    text = str(error)

    assert text.endswith(".")
    for fact in vars(error).values():
        assert str(fact) in text


def test_which_event_of_a_commit_was_refused_is_said() -> None:
    assert "Event 3 of the commit" in str(errors.InvalidEvent("x", index=3))
    assert "The commit" in str(errors.InvalidEvent("x"))


def test_what_can_be_asked_again_carries_its_ids() -> None:
    unknown = errors.AppendOutcomeUnknown("c", "order.1")

    assert (unknown.commit_id, unknown.stream_id) == ("c", "order.1")


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
def test_an_error_survives_the_way_to_another_process(
    error: errors.EventStoreError,
) -> None:
    """Celery and multiprocessing pickle what a worker raises; an error that cannot be rebuilt kills the worker."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  (our own bytes)

    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_who_only_asked_is_promised_nothing_of_what_was_written() -> None:
    passing = errors.LogUnanswered("it is silent")
    lasting = errors.LogUnanswered("the log-in was refused", word="log-tls")

    assert not isinstance(passing, errors.LogUnavailable | errors.Refused)
    assert str(passing) == "The log is not available: it is silent. Try again later."
    assert str(lasting) == "The log is not available: the log-in was refused."
