"""Every address of the API. A call that is not in this list is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import path, re_path

from eventstore.api.commits import CommitView
from eventstore.api.elsewhere import Elsewhere
from eventstore.api.feed.view import FeedView
from eventstore.api.lists import EventsView, StreamsView
from eventstore.api.states import StateView
from eventstore.api.stream_events import StreamEvents
from eventstore.api.streams import StreamView
from eventstore.api.telling import DocsView, ProblemView, SchemaView

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name: Final = "api"
urlpatterns: Final[list[URLPattern]] = [
    path("feed", FeedView.as_view(), name="feed"),
    path("streams/<str:stream_id>", StreamView.as_view(), name="stream"),
    path(
        "streams/<str:stream_id>/events", StreamEvents.as_view(), name="stream-events"
    ),
    path("streams/<str:stream_id>/state", StateView.as_view(), name="state"),
    path("streams", StreamsView.as_view(), name="streams"),
    path("events", EventsView.as_view(), name="events"),
    path("commits/<str:commit_id>", CommitView.as_view(), name="commit"),
    path("problems/<str:code>", ProblemView.as_view(), name="problem"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
]
elsewhere: Final = re_path("", Elsewhere.as_view(), name="elsewhere")
"""What is nowhere else, as problem details too: behind all others."""
