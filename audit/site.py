"""The console's own admin site: Django's for accounts, pages of its own for everything that the log holds.

The store's tables are not registered as models, so there is no stock page that could add, change or delete a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt

from audit.pages import (
    events,
    find,
    jobs,
    overview,
    streams,
    subscription_acts,
    subscriptions,
)
from audit.sealing import DEVELOPMENT_DATA
from eventstore.clock import SystemClock

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


_EVENT = "events/<str:topic>/<int:partition>/<int:offset>/<int:index>/"
_PAGES = {
    "streams": ("streams/", streams.streams),
    "stream": ("streams/<str:stream_id>/", streams.stream),
    "events": ("events/", events.events),
    "event": (_EVENT, events.event),
    "find": ("find/", find.find),
    "jobs": ("jobs/", jobs.jobs),
    "subscriptions": ("subscriptions/", subscriptions.subscriptions),
    "subscription": ("subscriptions/<str:name>/", subscriptions.subscription),
    "subscription_act": (
        "subscriptions/<str:name>/<str:act>/",
        subscription_acts.act,
    ),
}


class AuditAdminSite(AdminSite):
    """What `admin.site` is in this project."""

    site_header = "Teddy ES Audit"
    site_title = "Teddy ES audit console"
    index_title = "Overview"
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The console's pages, then Django's own."""
        pages = [
            path(route, self.admin_view(view), name=name)
            for name, (route, view) in _PAGES.items()
        ]
        return [*pages, *super().get_urls()]

    @method_decorator(csrf_exempt)  # as every page that changes nothing: see `page`
    def index(  # type: ignore[override]  # a refusal is an answer too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The overview instead of a list of models."""
        return overview.overview(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page's frame shows."""
        match = request.resolver_match
        return {
            **super().each_context(request),
            "page": match.url_name if match else "",
            "development_data": DEVELOPMENT_DATA,
            "rendered_at": SystemClock().now(),
        }
