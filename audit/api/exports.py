"""`/children/{id}/export`: all events of the child's streams as NDJSON of CloudEvents, which `import_events` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from django.http import StreamingHttpResponse

from audit.api import descriptions as words
from audit.api.of_person import OfPerson
from audit.people import lists
from eventstore.api.bodies import Json
from eventstore.api.scopes import Scope
from eventstore.api.subjects import subjects_in
from eventstore.api.tokens import caller_again, digest_in
from eventstore.conf import conf
from eventstore.exchange.exporter import line_of
from eventstore.queries.keyset import Wanted
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request

    from eventstore.api.described import Described

NDJSON: Final = "application/x-ndjson"
_BYTES: Final = 64_000  # of a piece of the answer


class Ended(Exception):  # noqa: N818  (what it is)
    """The token has ended, or may not see the child any more: the answer breaks off, and is not taken for whole."""


class Ndjson(Json):
    """One JSON object a line."""

    media_type = NDJSON
    format = "ndjson"


class ExportView(OfPerson):
    """`GET`: the machine-readable copy. Sealed fields are opened for who has `pii:read`, and stay sealed for others."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    described: ClassVar[Mapping[str, Described]] = {"GET": words.EXPORT}
    throttle_scope = "export"
    piece: ClassVar[int] = _BYTES

    def get_renderers(self) -> list[BaseRenderer]:
        """Lines, whatever is accepted beside them; a problem is JSON to who accepts nothing else."""
        return [Ndjson(), Json()]

    def get(self, _request: Request, child_id: str) -> StreamingHttpResponse:
        """Recorded before the first line. What goes wrong on the way breaks the answer off: it has no end then."""
        self.refuse_unknown(child_id)
        self.record("export", {child_id}, "export")
        name = f'attachment; filename="{child_id}.ndjson"'
        return StreamingHttpResponse(
            self._pieces(child_id),
            content_type=NDJSON,
            headers={"Content-Disposition": name},
        )

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
        sees_all = self.caller.reach.sees_all
        for stream_id in self._streams(child_id):
            for event in store.read(stream_id, opener=opener):
                # nobody may have looked yet at an event that is about another child
                if sees_all or subjects_in([event]) == {child_id}:
                    yield line_of(event, source=source)

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
        if not caller.reach.covers([f"child.{child_id}"]):
            raise Ended
