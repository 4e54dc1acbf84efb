"""Every address of the API. A call that is not in this list is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import path, re_path

from eventstore.api.elsewhere import Elsewhere
from eventstore.api.feed.view import FeedView
from eventstore.api.streams import StreamView

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name: Final = "api"
urlpatterns: Final[list[URLPattern]] = [
    path("feed", FeedView.as_view(), name="feed"),
    path("streams/<str:stream_id>", StreamView.as_view(), name="stream"),
]
elsewhere: Final = re_path("", Elsewhere.as_view(), name="elsewhere")
"""What is nowhere else, as problem details too: behind all others."""
