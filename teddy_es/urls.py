"""Every address of the project."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from eventstore.api import urls as api
from teddy_es import health

handler400 = "eventstore.api.outside.bad_request"
handler500 = "audit.trouble.broken"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("eventstore.api.urls")),
    path("api/v1/", include("audit.api.urls")),
    path("api/v1/", include([api.elsewhere])),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
