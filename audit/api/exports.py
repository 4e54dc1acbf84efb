"""`/children/{id}/export`: all events of the child's streams as NDJSON of CloudEvents, which `import_events` reads."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

import structlog
from django.http import StreamingHttpResponse

from audit.api import descriptions as words
from audit.api.children import CONVERSATIONS
from audit.api.of_person import OfPerson
from audit.people import lists
from eventstore.api.bodies import Json
from eventstore.api.hiding import may_show
from eventstore.api.problems import ReadModelsBehind, TooManyExports
from eventstore.api.scopes import Scope
from eventstore.api.streams import is_its_own
from eventstore.api.subjects import subjects_in
from eventstore.api.tokens import caller_again, digest_in
from eventstore.conf import conf
from eventstore.errors import SubscriptionBehind
from eventstore.exchange.exporter import line_of
from eventstore.queries.feed import cut_of, marks
from eventstore.queries.keyset import Wanted
from eventstore.store import get_event_store
from eventstore.subscriptions.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request

    from eventstore.api.described import Described

NDJSON: Final = "application/x-ndjson"
_BYTES: Final = 64_000  # of a piece of the answer
_AT_ONCE: Final = 2  # in a process: each takes a thread as long as its reader takes
_RETRY_AFTER_S: Final = 5
_log = structlog.get_logger(__name__)


class Ended(Exception):  # noqa: N818  (what it is)
    """The token has ended, or may not see the child any more: the answer breaks off, and is not taken for whole."""


class BrokenOff(Exception):  # noqa: N818  (what it is)
    """An error ended the answer. It stands in the log; the server that sends the answer would write out all of its text."""


class Ndjson(Json):
    """One JSON object a line."""

    media_type = NDJSON
    format = "ndjson"


class Copy:
    """What a `StreamingHttpResponse` goes through, and closes: then its place is free, begun or not."""

    def __init__(self, pieces: Generator[bytes], held: ExitStack) -> None:
        self._pieces, self._held = pieces, held

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """The end, or the client is gone."""
        self._pieces.close()
        self._held.close()


class ExportView(OfPerson):
    """`GET`: the machine-readable copy. Sealed fields are opened for who has `pii:read`, and stay sealed for others."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.EXPORT}
    throttle_scope = "export"
    piece: ClassVar[int] = _BYTES
    patience_s: ClassVar[float] = 5.0  # for the read model
    places: ClassVar[threading.Semaphore] = threading.Semaphore(_AT_ONCE)

    def get_renderers(self) -> list[BaseRenderer]:
        """Lines, whatever is accepted beside them; a problem is JSON to who accepts nothing else."""
        return [Ndjson(), Json()]

    def get(self, request: Request, child_id: str) -> StreamingHttpResponse:
        """Recorded before the first line. What goes wrong on the way breaks the answer off: it has no end then."""
        self.refuse_unknown(child_id)
        with ExitStack() as held:
            held.enter_context(self._place())
            self._wait()
            self.record("export", {child_id}, "export")
            wants_lines = request.method != "HEAD"
            pieces = self._told(child_id) if wants_lines else _nothing()
            name = f'attachment; filename="{child_id}.ndjson"'
            return StreamingHttpResponse(
                Copy(pieces, held.pop_all()),
                content_type=NDJSON,
                headers={"Content-Disposition": name},
            )

    def _wait(self) -> None:
        """Until the read model knows each conversation that is in the log now: a copy is all there is. Raises `ReadModelsBehind`."""
        now = cut_of(marks([CONVERSATIONS.topic]))
        try:
            wait_for(CONVERSATIONS.projection, now, self.patience_s)
        except SubscriptionBehind:
            msg = "The newest conversations are not known here yet."
            raise ReadModelsBehind(msg, retry_after=_RETRY_AFTER_S) from None

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Few at a time, so that copies never take the threads that appends need. Raises `TooManyExports`."""
        if not self.places.acquire(blocking=False):
            msg = "As many copies are being made here as may be at a time."
            raise TooManyExports(msg, retry_after=_RETRY_AFTER_S)
        try:
            yield
        finally:
            self.places.release()

    def _told(self, child_id: str) -> Generator[bytes]:
        try:
            yield from self._pieces(child_id)
        except Ended:
            raise
        except Exception as error:  # noqa: BLE001  (told in the log, and raised without its text)
            _log.exception(
                "an export broke off",
                action="export-broke-off",
                error=type(error).__name__,
            )
            raise BrokenOff from None

    def _pieces(self, child_id: str) -> Iterator[bytes]:
        buffer = bytearray()
        for line in self._lines(child_id):
            buffer += line
            if len(buffer) >= self.piece:
                self._refuse_ended(child_id)
                yield bytes(buffer)
                buffer.clear()
        self._refuse_ended(child_id)
        yield bytes(buffer)

    def _lines(self, child_id: str) -> Iterator[bytes]:
        store, source, opener = get_event_store(), conf.SOURCE, self.opener()
        reach = self.caller.reach
        for stream_id in self._streams(child_id):
            for event in store.read(stream_id, opener=opener):
                # nobody may have looked yet at an event that is about another child
                if reach.sees_all or subjects_in([event]) == {child_id}:
                    yield line_of(may_show(reach, event), source=source)

    def _streams(self, child_id: str) -> Iterator[str]:
        """The child's own, then its conversations, page by page."""
        yield f"child.{child_id}"
        after: str | None = None
        alone = not self.caller.reach.sees_all
        while True:
            wanted = Wanted(after=after)
            page = lists.conversations(wanted, child_id, of_it_alone=alone)
            for row in page.rows:
                yield f"conversation.{row.conversation_id}"
            after = page.next
            if after is None:
                return

    def _refuse_ended(self, child_id: str) -> None:
        """Ask anew before each piece: what ends a token ends it in the middle of an answer, too."""
        caller = caller_again(digest_in(self.request))
        if caller is None or caller.scopes != self.caller.scopes:
            raise Ended
        reach = caller.reach
        if not is_its_own(reach, f"child.{child_id}", reach.known_before()):
            raise Ended


def _nothing() -> Generator[bytes]:
    """Of an answer's body, to HEAD."""
    yield from ()
