"""What was said in a conversation, without the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit import transcript
from audit.transcript import around, page, version_of
from eventstore.queries.keyset import BadCursor, Wanted
from eventstore.queries.picked import events_at
from teddy_es.domain.conversation import (
    ChildSpoke,
    ConversationEnded,
    MessageScreened,
    TeddyReplied,
)
from tests.support.families import Families, handle

if TYPE_CHECKING:
    from collections.abc import Sequence

STREAM = "conversation.t-1"


def screened(version: int, policy: str = "1") -> MessageScreened:
    return MessageScreened(
        child_id="c-1",
        message_version=version,
        detector="rules/3",
        policy_version=policy,
    )


def talk(families: Families, turns: int) -> None:
    """Version 1 begins it; then the child at 2, 5, 8 …, its screening, Teddy."""
    families.talks("t-1", "c-1")
    for n in range(turns):
        families.happens(
            STREAM,
            ChildSpoke(child_id="c-1", text=f"word {n}"),
            screened(2 + 3 * n),
            TeddyReplied(
                child_id="c-1", text="one two three", model="bear-4", policy_version="7"
            ),
        )
    families.happens(STREAM, ConversationEnded(child_id="c-1"))


def versions(messages: Sequence[transcript.Message]) -> list[int]:
    return [one.version for one in messages]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_messages_come_in_their_order_and_nothing_between_them(
    families: Families, size: int
) -> None:
    talk(families, 4)
    expected = [2, 4, 5, 7, 8, 10, 11, 13]
    found: list[int] = []
    wanted, back = Wanted(size=size), list[list[int]]()
    while True:
        read = page("t-1", "c-1", wanted)
        found += versions(read.rows)
        if read.next is None:
            break
        wanted = Wanted(after=read.next, size=size)
    while read.previous is not None:
        read = page("t-1", "c-1", Wanted(before=read.previous, size=size))
        back.append(versions(read.rows))

    assert found == expected
    assert not back or back[-1] == expected[:size]
    with pytest.raises(BadCursor):
        page("t-1", "c-1", Wanted(after="x"))


def test_a_message_says_who_how_long_and_by_which_model(families: Families) -> None:
    talk(families, 1)
    handle()

    child, teddy = page("t-1", "c-1", Wanted()).rows

    assert (child.said_by, child.words, child.model) == ("child", 1, None)
    assert (teddy.said_by, teddy.words) == ("teddy", 3)
    assert (teddy.model, teddy.policy_version, teddy.blocked) == ("bear-4", "7", False)
    assert child.event is not None
    assert "text" not in child.event.data


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("a", 1), ("hello teddy " * 11, 24)]
)
def test_how_many_words_is_told_by_the_length_alone(
    families: Families, text: str, words: int
) -> None:
    families.talks("t-1", "c-1", text)

    [message] = page("t-1", "c-1", Wanted()).rows

    assert message.words == words


def test_a_message_that_nobody_has_judged_is_unscreened(families: Families) -> None:
    families.talks("t-1", "c-1", "one", "two")
    families.happens(STREAM, screened(3), screened(3, "2"), screened(99))
    handle()

    first, second = page("t-1", "c-1", Wanted()).rows

    assert (first.is_screened, second.is_screened) == (False, True)
    assert [one.policy_version for one in second.screenings] == ["1", "2"]
    assert second.screenings[0].detector == "rules/3"


def test_a_violation_stands_at_the_message_that_its_detector_named(
    families: Families,
) -> None:
    said = families.talks("t-1", "c-1", "one", "two", "three")
    events = list(families.store.read(STREAM))
    first, second = str(events[1].metadata.event_id), "3"
    families.detects("c-1", "v-1", conversation_id="t-1", message_id=first)
    families.detects("c-1", "v-2", conversation_id="t-1", message_id=second)
    families.detects("c-1", "v-3", conversation_id="t-1", message_id="elsewhere")
    families.detects("c-1", "v-4", conversation_id="t-2", message_id="3")
    families.detects("c-2", "v-5", conversation_id="t-1", message_id="3")
    handle()

    found = page("t-1", "c-1", Wanted()).rows

    assert [[v.violation_id for v in one.found] for one in found] == [
        ["v-1"],
        ["v-2"],
        [],
    ]
    assert versions(found)[0] == said.first_version + 1
    whole = transcript.found_in("t-1", "c-1")
    assert [one.violation_id for one in whole] == ["v-1", "v-2", "v-3"]
    assert version_of("t-1", first) == 2
    assert version_of("t-2", first) is None
    assert [version_of("t-1", one) for one in ("3", "elsewhere", "9" * 30)] == [
        3,
        None,
        None,
    ]


def test_of_another_child_nothing_is_told_but_that_something_is_there(
    families: Families,
) -> None:
    families.talks("t-1", "c-1", "Hello")
    families.happens(STREAM, ChildSpoke(child_id="c-2", text="I am here, too"))
    handle()

    own, foreign = page("t-1", "c-1", Wanted()).rows

    assert (own.is_foreign, foreign.is_foreign) == (False, True)
    assert (foreign.event, foreign.words, foreign.model) == (None, None, None)


@pytest.mark.parametrize(
    ("version", "turns", "expected"),
    [
        (7, 1, [5, 7, 8]),
        (7, 2, [4, 5, 7, 8, 10]),
        (7, 0, [7]),
        (2, 2, [2, 4, 5]),
        (13, 1, [11, 13]),
        (6, 1, [5, 7, 8]),  # what stands there is no message
        (7, 50, [2, 4, 5, 7, 8, 10, 11, 13]),
    ],
)
def test_what_was_said_around_a_message(
    families: Families, version: int, turns: int, expected: list[int]
) -> None:
    talk(families, 4)

    assert versions(around("t-1", "c-1", version, turns)) == expected


def test_messages_are_found_by_their_versions(families: Families) -> None:
    talk(families, 2)

    found = transcript.messages_at("t-1", "c-1", [7, 2, 3, 99])

    assert versions(found) == [2, 7]


def test_what_one_read_does_not_bring_is_read_on(
    families: Families, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages of a hundred thousand letters fill a read."""
    talk(families, 3)

    def short(positions: Any) -> Any:
        return events_at(positions, size=1)

    monkeypatch.setattr(transcript, "events_at", short)

    assert len(page("t-1", "c-1", Wanted()).rows) == 6
