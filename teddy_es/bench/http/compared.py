"""Calls of the same stack to compare with: one that takes a POST and does nothing, one whose pages DRF's serializers make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from eventstore.api.endpoint import Endpoint
from eventstore.api.permissions import MayScope
from eventstore.api.scopes import Scope
from eventstore.api.stream_events import StreamEvents
from eventstore.api.tokens import Tokens
from eventstore.events import Cut
from eventstore.protocol.strict_json import parse
from eventstore.store import get_event_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class Empty(Endpoint):
    """Middleware, token, rate and body as of an append, and nothing behind them."""

    scopes: ClassVar[Mapping[str, Scope | None]] = {"POST": Scope.APPEND}
    described = StreamEvents.described
    throttle_scope = "append"

    def post(self, request: Request) -> Response:
        """What was sent is JSON."""
        parse(cast("bytes", request.data))
        return Response({}, status=201)


class About(serializers.Serializer[Any]):
    """The metadata."""

    event_id = serializers.UUIDField()
    stream_id = serializers.CharField()
    type = serializers.CharField(source="event_type")
    version = serializers.IntegerField()
    occurred_at = serializers.DateTimeField(source="timestamp")
    correlation_id = serializers.UUIDField(allow_null=True)
    causation_id = serializers.UUIDField(allow_null=True)


class Shown(serializers.Serializer[Any]):
    """An event."""

    metadata = About()
    schema = serializers.IntegerField()
    recorded_at = serializers.DateTimeField()
    commit_id = serializers.UUIDField()
    position = serializers.CharField()
    data: Any = serializers.DictField()
    problem = serializers.CharField(allow_null=True)


class Serialized(APIView):
    """Pages of the feed as DRF's own would be: the same read, its serializers, its renderer."""

    authentication_classes = (Tokens,)
    permission_classes = (MayScope,)
    renderer_classes = (JSONRenderer,)
    scopes: ClassVar[Mapping[str, Scope | None]] = {"GET": Scope.READ}
    instead: ClassVar[Mapping[str, Scope]] = {}

    def get(self, request: Request) -> Response:
        """The page behind a cut."""
        asked = request.query_params
        after, limit = Cut.parse(asked.get("after", "")), int(asked["limit"])
        events, upto = get_event_store().read_all(
            after, types=asked["types"].split(","), limit=limit
        )
        shown = Shown(events, many=True).data
        return Response({"events": shown, "next": str(upto)})
