"""The demo's file: the same bytes in every run, all of it importable."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from eventstore.exchange.cloudevents import parse_line
from teddy_es.demo import (
    Conversation,
    DatasetMissing,
    demo_lines,
    events_of,
    importable,
    talks,
)
from teddy_es.domain.types import registry

if TYPE_CHECKING:
    from pathlib import Path

SHA256 = "2c85e8edfed1c44e12793cc3e68d9b8bf21624a8726061fbebce44b3431da58b"


def test_the_whole_file_is_what_it_always_was() -> None:
    digest, count = sha256(), 0

    for line in demo_lines():
        digest.update(line)
        count += 1

    assert count == 272_481
    assert digest.hexdigest() == SHA256


def test_every_line_passes_the_door_in_the_order_of_its_stream() -> None:
    types, streams, times = Counter[str](), list[str](), list[object]()

    for line in demo_lines(300):
        read = parse_line(line)
        assert read.event.type is not None
        registry.admit("conversation", read.event.type, None, read.event.data)
        registry.stream_type_of(read.stream_id)
        types[read.event.type] += 1
        if not streams or streams[-1] != read.stream_id:
            streams.append(read.stream_id)
            times.append(read.event.occurred_at)

    assert len(set(streams)) == len(streams) == 300
    assert times == sorted(times, key=str)
    assert types["ConversationStarted"] == types["ConversationEnded"] == 300
    assert types["ChildSpoke"] > 0
    assert types["TeddyReplied"] > 0


def said(sender: str, text: str, second: int) -> dict[str, str]:
    return {
        "sender": sender,
        "text": text,
        "timestamp": f"2018-05-02T19:38:{second:02}Z",
    }


def test_who_speaks_first_is_the_child_and_replies_have_a_cause() -> None:
    talk = Conversation(
        "t", [said("a", "Hi", 1), said("b", "Hello", 2), said("b", "?", 4)]
    )

    events = [read.event for read in events_of(talk)]

    assert [e.type for e in events] == [
        "ConversationStarted",
        "ChildSpoke",
        "TeddyReplied",
        "TeddyReplied",
        "ConversationEnded",
    ]
    causes = [e.causation_id for e in events]
    assert causes == [None, None, events[1].event_id, events[2].event_id, None]
    assert events[0].occurred_at == events[1].occurred_at
    assert events[-1].occurred_at == events[-2].occurred_at
    assert events[-1].data["reason"] == "child_left"
    assert len({e.correlation_id for e in events}) == 1
    assert len({e.data["child_id"] for e in events}) == 1


def test_a_talk_that_the_child_ends_has_no_reason() -> None:
    talk = Conversation(
        "t", [said("b", "Hello", 1), said("a", "Hi", 2), said("b", "Bye", 3)]
    )

    assert "reason" not in list(events_of(talk))[-1].event.data


def test_what_the_grammar_forbids_is_left_out_of_a_text() -> None:
    assert importable("a\0b\ud800c ü😀") == "abc ü😀"


def test_no_text_of_the_dataset_needs_it() -> None:
    texts = (said["text"] for talk in talks.conversations() for said in talk.utterances)

    assert all(importable(text) == text for text in texts)


def test_a_missing_dataset_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talks, "PACKAGE", "no_such_package_at_all")

    with pytest.raises(DatasetMissing, match="pip install"):
        list(demo_lines())
    with pytest.raises(CommandError, match="pip install"):
        call_command("demo")


def test_the_command_writes_as_many_conversations_as_wanted(tmp_path: Path) -> None:
    path = tmp_path / "demo.ndjson"

    call_command(
        "demo", "--conversations", "2", "--output", str(path), stdout=StringIO()
    )

    assert path.read_bytes() == b"".join(demo_lines(2))


def test_the_command_tells_programs_how_much_it_was(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path, said, aside = tmp_path / "demo.ndjson", StringIO(), StringIO()
    wanted = list(demo_lines(2))
    told = {"events": len(wanted), "bytes": sum(map(len, wanted))}
    only = ["--conversations", "2", "--json"]

    call_command("demo", *only, "--output", str(path), stdout=said)
    call_command("demo", *only, stderr=aside)

    assert json.loads(said.getvalue()) == told
    assert json.loads(aside.getvalue()) == told  # events went to the standard output
    assert capfdbinary.readouterr().out == b"".join(wanted)
