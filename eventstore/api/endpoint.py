"""What every call of the API is: who may, what it can be asked, what it refuses, and that it is recorded who looks.

A class says it as data, so that a test can walk the addresses and finds what forgot to.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.utils.cache import patch_vary_headers
from rest_framework.views import APIView

from eventstore.api import bodies, parameters
from eventstore.api.bodies import Json, StrictJson
from eventstore.api.callers import caller_in
from eventstore.api.negotiating import ByQuality
from eventstore.api.permissions import MayScope
from eventstore.api.problems import UnsupportedHeader
from eventstore.api.scopes import Scope
from eventstore.api.throttles import ScopedByToken
from eventstore.api.tokens import Tokens
from eventstore.opening import Access, opener, record
from eventstore.queries.keyset import is_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rest_framework.request import Request

    from eventstore.api.callers import Caller
    from eventstore.api.described import Described
    from eventstore.api.parameters import Parameter
    from eventstore.ports import Opener

# Headers that ask for something: a call that does not do it refuses them, rather than pass them over.
ASKING: Final = (
    "Content-Encoding",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Idempotency-Key",
    "Last-Event-ID",
    "Prefer",
    "Range",
)


class Endpoint(APIView):
    """A call, or several at one address.

    scopes: method → the scope that it needs. instead: method → another scope that will do. known: method → the query parameters that
    it goes by. goes_by: method → those of `ASKING` that it goes by. Whatever else is asked is refused by its name. described: method →
    what it is, for the schema.
    """

    scopes: ClassVar[Mapping[str, Scope | None]]  # None: of a call without a token
    instead: ClassVar[Mapping[str, Scope]] = {}
    described: ClassVar[Mapping[str, Described]]
    is_public: ClassVar[bool] = False
    known: ClassVar[Mapping[str, Sequence[Parameter]]] = {}
    goes_by: ClassVar[Mapping[str, Collection[str]]] = {}
    throttle_scope: ClassVar[str] = "read"

    authentication_classes = (Tokens,)
    permission_classes = (MayScope,)
    throttle_classes = (ScopedByToken,)
    parser_classes = (StrictJson,)
    renderer_classes: tuple[type[Json], ...] = (Json,)
    content_negotiation_class = ByQuality
    http_method_names: tuple[str, ...] = ("get", "head", "post")

    asked: Mapping[str, Any]
    told: Mapping[str, Any] = MappingProxyType({})
    """What an answer says beside all else, whatever it is, a refusal too."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who may, then what is asked: a stranger is not told what there is to ask."""
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        for name in ASKING:
            if name in request.headers and name not in self.goes_by.get(method, ()):
                msg = f"This call does not go by the header {name}."
                raise UnsupportedHeader(msg, header=name)
        if self.described[method].body is None:
            bodies.refuse_any(request)
        self.asked = parameters.read(
            parameters.query_of(request), self.known.get(method, ())
        )

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Nobody in between keeps what is somebody's own."""
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store")
        if not self.is_public:
            patch_vary_headers(final, ["Authorization"])
        return final

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return caller_in(self.request)

    def opener(self) -> Opener | None:
        """The right to see what is sealed, if the caller has it. It is recorded who looks before anything is opened."""
        return opener() if self.caller.may(Scope.OPEN) else None

    def covers(self, stream_id: str) -> bool:
        """Whether the caller may see a stream of this id. Nobody is asked about what can be no id."""
        return is_plain(stream_id) and bool(self.caller.reach.covers([stream_id]))

    def record(
        self, kind: str, subjects: Collection[str], about: str | None = None
    ) -> None:
        """Have it recorded that the caller sees data of these persons, before they are shown. Raises `AccessNotRecorded`.

        kind: `list`, `view`, `export`. about: the stream, the list; no blanks. What is about nobody is not recorded: who follows the feed would
        otherwise never come to its end.
        """
        if not subjects:
            return
        caller = self.caller
        access = Access(
            kind, caller.purpose, caller.account, about, actor_kind="service"
        )
        record(access, sorted(subjects))


NOT_THERE: Final = "There is nothing here that this token may see."
