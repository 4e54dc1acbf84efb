"""The project as a Django app, for its commands."""

from __future__ import annotations

from django.apps import AppConfig


class TeddyConfig(AppConfig):
    """Nothing to set up yet."""

    name = "teddy_es"
    verbose_name = "Teddy ES"
