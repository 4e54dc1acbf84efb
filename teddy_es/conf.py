"""The project's own settings: attribute = default, looked up live, so that `override_settings` just works."""

from __future__ import annotations

from typing import Any

from django.conf import settings


class DjangoSettings:
    """Django's own, as far as the checks look at them; and the mode, which is there though `EVENTSTORE` were wrong."""

    MODE: str = "production"
    SECRET_KEY: str = ""
    ALLOWED_HOSTS: tuple[str, ...] = ()
    SECURE_PROXY_SSL_HEADER: tuple[str, str] | None = None


class TeddySettings(DjangoSettings):
    """Nobody else in this package touches Django's settings."""

    TEDDY_ADMIN_PASSWORD: str = (
        ""  # of the quickstart's superuser; given anew at each start
    )

    # of its accounts for each role: name:password
    TEDDY_ROLE_PASSWORDS: tuple[str, ...] = ()

    PROMETHEUS_MULTIPROC_DIR: str = (
        ""  # where the processes' metrics meet; "": this process alone
    )

    TEDDY_TRUSTED_PROXIES: tuple[
        str, ...
    ] = ()  # networks whose X-Forwarded-… is believed

    TEDDY_PROBES: tuple[str, int] | None = None  # the listener of probes and figures

    CELERY_BROKER_URL: str = ""  # where tasks wait for a worker

    # of PostgreSQL's, for pages, in seconds
    TEDDY_DATABASE_LOCK_TIMEOUT: int = 10
    TEDDY_DATABASE_STATEMENT_TIMEOUT: int = 30
    TEDDY_DATABASE_IDLE_TIMEOUT: int = 60
    TEDDY_DATABASE_TRANSACTION_TIMEOUT: int = 120

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        return getattr(settings, name, default) if name.isupper() else default


conf = TeddySettings()
