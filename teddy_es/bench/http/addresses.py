"""The project's addresses, and those of a measurement's own."""

from __future__ import annotations

from django.urls import include, path

from teddy_es.bench.http.compared import Empty, Serialized

urlpatterns = [
    path("bench/empty", Empty.as_view()),
    path("bench/serialized", Serialized.as_view()),
    path("", include("teddy_es.urls")),
]
