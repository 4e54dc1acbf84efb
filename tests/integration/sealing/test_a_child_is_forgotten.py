"""One child of the demo's 7,168 conversations is erased; of all others everything is as it was, and every later proof passes."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connections

from eventstore.clock import SystemClock
from eventstore.errors import SubjectErased
from eventstore.events import Expected, NewEvent
from eventstore.exchange.cloudevents import proposal_line
from eventstore.exchange.importer.run import import_events
from eventstore.opening import opener
from eventstore.service import EventSourcingService
from eventstore.snapshots.builder.run import make_snapshotter
from teddy_es.demo import SOURCE, conversations, events_of
from teddy_es.domain.conversation import ChildSpoke, Conversation
from tests.support.searching import Search, database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.exchange.cloudevents import ImportedEvent
    from eventstore.store import EventStore

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

OTHERS = 12  # conversations that are told, too
SEALED = ("ChildSpoke", "TeddyReplied")


@cache
def talks() -> Mapping[str, Sequence[Sequence[ImportedEvent]]]:
    """All conversations of the data set, by their child."""
    found: dict[str, list[Sequence[ImportedEvent]]] = defaultdict(list)
    for conversation in conversations():
        events = list(events_of(conversation))
        found[str(events[0].event.data["child_id"])].append(events)
    return found


def told(store: EventStore) -> tuple[str, dict[str, list[str]]]:
    """A child with several conversations, all of which are imported, and of others some; its id, and all texts by stream."""
    assert sum(map(len, talks().values())) == 7_168
    child = next(c for c, all_ in talks().items() if 3 <= len(all_) <= 6)
    others = [talk for c, all_ in talks().items() if c != child for talk in all_]
    chosen = [*talks()[child], *others[:OTHERS]]
    lines = b"".join(
        proposal_line(event, source=SOURCE) for talk in chosen for event in talk
    )
    assert import_events(BytesIO(lines), store, clock=SystemClock()).is_good
    texts = {
        talk[0].stream_id: [
            str(one.event.data["text"]) for one in talk if one.event.type in SEALED
        ]
        for talk in chosen
    }
    return child, texts


def read(store: EventStore, stream_id: str) -> list[str]:
    """What is opened of a stream's texts, or why it is not."""
    return [
        event.data["text"] if event.withheld is None else repr(event.withheld)
        for event in store.read(stream_id, opener=opener())
        if event.metadata.event_type in SEALED
    ]


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_child_is_forgotten_and_all_that_is_left_can_be_proved(
    teddy_store: EventStore,
) -> None:
    store = teddy_store
    child, texts = told(store)
    own = {talk[0].stream_id for talk in talks()[child]}
    make_snapshotter().build_due()
    before = {stream: read(store, stream) for stream in texts}
    assert before == texts
    long_ones = {
        f"{s} {n}": t for s in own for n, t in enumerate(texts[s]) if len(t) > 15
    }
    assert Search(long_ones)(database("default")) == set()
    plan = json.loads(run("erase_subject", child, "--json"))

    done = run(
        *("erase_subject", child, "--request", "request-1"),
        *("--requested-by", "ada", "--approved-by", "bo", "--yes", "--json"),
    )

    keys = json.loads(done)["keys"]
    assert plan["keys"] == keys > 0
    for stream, said in texts.items():
        now = read(store, stream)
        if stream in own:
            assert len(now) == len(said)
            assert {"erased" in one and "request-1" in one for one in now} == {True}
        else:
            assert now == said
    _all_is_proved()
    run("rebuild_index")
    _all_is_proved()
    assert {s: read(store, s) for s in texts if s not in own} == {
        s: said for s, said in texts.items() if s not in own
    }
    _is_gone_for_good(store, child, own)


def _all_is_proved() -> None:
    findings = json.loads(run("verify", "--json"))
    assert findings["differences"] == []


def _is_gone_for_good(store: EventStore, child: str, own: set[str]) -> None:
    """No key is left, aggregates load, the door is shut, and the certificate says so."""
    with connections["keys"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(wrapped) FROM keys_datakey WHERE subject = %s",
            [child],
        )
        rows, wrapped = cursor.fetchone()
    assert rows > wrapped == 0
    stream = min(own)
    conversation = EventSourcingService(store).repository_for(Conversation)
    loaded = conversation.load(stream.partition(".")[2])
    assert loaded.state.child_id == child
    assert loaded.state.is_over
    spoke = NewEvent(ChildSpoke(child_id=child, text="Good morning!"))
    with pytest.raises(SubjectErased):
        store.append(stream, [spoke], Expected.ANY)
    certificate = run("erasure_certificate", "request-1")
    assert child in certificate
