"""The judge opens what the store has sealed, by its own reading; and finds whatever is not as it was proposed, or erased."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pytest

from eventstore.events import Commit, CommitEvent, Expected
from eventstore.keys.providers.local import LocalKeys
from eventstore.keys.rows import context_of
from eventstore.ports import DataKey, KeyName
from eventstore.protocol.codec import encode
from eventstore.registry.event_type import Secrets
from eventstore.sealing.sealer import KeySealer
from teddy_es.faults.boxes import Boxes, Key, _unwrapped, committed
from teddy_es.faults.findings import Findings
from teddy_es.faults.judge import Place
from teddy_es.faults.ledger import Ledger
from teddy_es.faults.naive import Line, Record
from teddy_es.faults.said import subject_of
from teddy_es.faults.work import Attempt, Proposal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

STREAM = "conversation.own"
PERSON = subject_of(STREAM)
MONTH = "2026-11"
PLACE = Place("eventstore.conversation", 0)
KEY = UUID(int=7)


class OneKey:
    """A ring with one key for whoever asks."""

    def held(self, names: Collection[KeyName]) -> Mapping[KeyName, DataKey]:
        """See `KeyRing`."""
        return {name: DataKey(KEY, name, b"k" * 32) for name in names}


def attempt() -> Attempt:
    return Attempt("w0-0-1-5", Proposal(None, STREAM, "any", 3, "own, any"), 1, 90)


def sealed() -> dict[str, Any]:
    """The attempt as it stands in the log: a beginning and two replies."""
    events = tuple(
        CommitEvent(
            uuid5(KEY, str(n)),
            str(new.type),
            1,
            f"{MONTH}-23T09:00:00.123456Z",
            None,
            None,
            dict(new.data),
        )
        for n, new in enumerate(attempt().arguments()["events"])
    )
    hidden = ("device_id", "text")
    secrets = [
        Secrets(PERSON, "talk", frozenset(event.data.keys() & set(hidden)))
        for event in events
    ]
    commit = Commit(uuid5(KEY, "commit"), STREAM, Expected.ANY, events)
    made = KeySealer(OneKey()).seal(commit, secrets)  # type: ignore[arg-type]
    content: dict[str, Any] = json.loads(encode(made))
    return content


def judged(content: dict[str, Any], key: Key, **lists: set[str]) -> Boxes:
    """What the judge says of the log with this commit alone; its findings are `zeros_of`."""
    ledger = Ledger.of([attempt().line()])
    ledger.erasing |= lists.get("erasing", set())
    ledger.erased |= lists.get("erased", set())
    boxes = Boxes(ledger, {str(KEY): key}, Findings())
    line = Line("accepted", 0, 0, 1)
    for _ in boxes.noting(PLACE, [(0, Record(0, b"", b""), line, content)]):
        pass
    boxes.conclude()
    return boxes


def zeros_of(boxes: Boxes) -> int:
    return boxes._findings.zeros["sealed"]


ALIVE = Key(PERSON, MONTH, b"k" * 32, None)
DESTROYED = Key(PERSON, MONTH, None, "erasure")


def test_what_is_as_it_was_proposed_is_opened() -> None:
    boxes = judged(sealed(), ALIVE)

    assert (boxes.opened, boxes.erased, zeros_of(boxes)) == (3, 0, 0)


def test_what_was_erased_is_counted() -> None:
    boxes = judged(sealed(), DESTROYED, erasing={PERSON}, erased={PERSON})

    assert (boxes.opened, boxes.erased, zeros_of(boxes)) == (0, 3, 0)


@pytest.mark.parametrize(
    ("key", "lists"),
    [
        (DESTROYED, {}),
        (replace(DESTROYED, why="retention"), {"erasing": {PERSON}}),
        (replace(ALIVE, subject="child-99"), {}),
        (replace(ALIVE, month="2026-10"), {}),
        (replace(ALIVE, secret=b"x" * 32), {}),
    ],
    ids=["nobody erased it", "another end", "another's", "another month", "another"],
)
def test_a_key_that_does_not_fit_is_found(key: Key, lists: dict[str, set[str]]) -> None:
    assert zeros_of(judged(sealed(), key, **lists)) >= 3


def test_a_key_that_lives_though_its_person_was_erased_is_found() -> None:
    assert zeros_of(judged(sealed(), ALIVE, erasing={PERSON}, erased={PERSON})) == 1


def test_a_person_who_was_not_erased_in_the_end_is_found() -> None:
    assert zeros_of(judged(sealed(), ALIVE, erasing={PERSON})) == 1


@pytest.mark.parametrize("spoilt", ["moved", "clear", "bare", "type", "byte", "text"])
def test_a_box_that_is_not_as_it_was_sealed_is_found(spoilt: str) -> None:
    content = sealed()
    first, second, third = content["events"]
    match spoilt:
        case "moved":
            second["sealed"], third["sealed"] = third["sealed"], second["sealed"]
        case "clear":
            second["data"]["text"] = "as it was said"
        case "bare":
            del second["sealed"]
        case "type":
            first["schema"] = 2
        case "byte":
            second["occurred_at"] = f"{MONTH}-23T09:00:00.123457Z"
        case _:
            second["data"]["model"] = "w0-0-1-5_7"

    assert zeros_of(judged(content, ALIVE)) >= 1


def test_its_reading_of_wrapped_keys_is_the_stores() -> None:
    kek, secret = os.urandom(32), os.urandom(32)
    name = KeyName(PERSON, "talk", MONTH)
    [wrapped] = LocalKeys(lambda: [kek]).wrap([(context_of(KEY, name), secret)])
    parts = (PERSON, "talk", MONTH)

    assert _unwrapped(kek, KEY, parts, wrapped.box) == secret
    assert _unwrapped(kek, KEY, (PERSON, "talk", "all"), wrapped.box) is None
    assert committed(secret) != committed(kek)
