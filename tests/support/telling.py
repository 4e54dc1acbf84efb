"""Secrets, and the doors and kinds of trouble through which the product is told them."""

from __future__ import annotations

import io
import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from eventstore.events import Commit, CommitEvent, Expected, NewEvent, written
from eventstore.ports import Appended, Proposal
from eventstore.protocol.codec import encode
from eventstore.protocol.placement import place_of
from eventstore.testing.shop import OrderChanged, OrderPlaced
from teddy_es.logs import _formatter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventstore.events import Position
    from eventstore.store import EventStore

CUSTOMER = "customer-1"


@dataclass
class Secrets:
    """What must be found nowhere. Each text is like no other, with what JSON and shells write otherwise."""

    texts: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str) -> str:
        """The text of this name; it is looked for from now on."""
        made = f"Zwetschgenkuchen „{name}“ <äöü> {uuid4().hex}"
        return self.texts.setdefault(name, made)


@dataclass(frozen=True)
class Teller:
    """Tells a store secrets of one shop's customer, each in a stream of its own."""

    store: EventStore
    secret: Secrets

    @property
    def stream_type(self) -> str:
        """The one that the test has to itself."""
        name = next(n for n in self.store.topics.numbers if ".order" in n)
        return name.removeprefix("eventstore.")

    def stream(self, name: str) -> str:
        """Its id."""
        return f"{self.stream_type}.{name}"

    def placed(self, name: str, **given: Any) -> NewEvent:
        """An order with a secret remark."""
        remark = self.secret(name)
        return NewEvent(OrderPlaced(customer_id=CUSTOMER, remark=remark), **given)

    def append(self, name: str, *more: NewEvent) -> Position:
        """The first of the doors."""
        events = [self.placed(name), *more]
        answer = self.store.append(self.stream(name), events, Expected.NO_STREAM)
        return answer.positions[0]

    def changes(self, name: str, count: int) -> None:
        """Events without a secret."""
        events = [NewEvent(OrderChanged(quantity=n)) for n in range(count)]
        self.store.append(self.stream(name), events, Expected.STREAM_EXISTS)

    def foreign(self, name: str, value: bytes) -> int:
        """What another producer writes into the log, without asking anybody; its offset."""
        stream_id = self.stream(name)
        place = place_of(stream_id, self.store.topics.partitions)
        log = self.store.make_log()
        try:
            [answer] = log.append(
                [Proposal(place, stream_id.encode(), value)], timeout_s=30
            )
        finally:
            log.close()
        assert isinstance(answer, Appended)
        self.store.catch_up([place], timeout_s=30)
        return answer.offset

    def foreign_commit(self, name: str, type_: str, data: dict[str, Any]) -> bytes:
        """A well-formed record, with its data in the clear."""
        moment = written(self.store._clock.now())
        event = CommitEvent(uuid4(), type_, 1, moment, None, None, data)
        return encode(Commit(uuid4(), self.stream(name), Expected.ANY, (event,)))

    def line(self, name: str, **more: Any) -> bytes:
        """Of a file to import."""
        told = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": "/elsewhere",
            "type": "OrderPlaced",
            "subject": self.stream(name),
            "time": "2026-05-02T19:38:15Z",
            "datacontenttype": "application/json",
            "data": {"customer_id": CUSTOMER, "remark": self.secret(name)},
        }
        return json.dumps(told | more).encode() + b"\n"


@contextmanager
def everything_logged(level: int = logging.DEBUG) -> Iterator[io.StringIO]:
    """What all loggers say, as the product writes it for programs and for people, at the wordiest level."""
    said = io.StringIO()
    root = logging.getLogger()
    before = root.level
    handlers = [logging.StreamHandler(said), logging.StreamHandler(said)]
    for handler, json_ in zip(handlers, (True, False), strict=True):
        described = _formatter(json=json_)
        make = described.pop("()")
        handler.setFormatter(make(**described))
        root.addHandler(handler)
    root.setLevel(level)
    try:
        yield said
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)


def any_id() -> UUID:
    """Of a commit."""
    return uuid4()
