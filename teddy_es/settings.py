"""The one reader of the environment. Every variable is in docs/SETTINGS.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from teddy_es.logs import configure_logging

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

MODE: str = env.str("TEDDY_MODE", default="production")
if MODE not in {"quickstart", "production"}:
    msg = "TEDDY_MODE is quickstart or production."
    raise ImproperlyConfigured(msg)
PRODUCTION = MODE == "production"

# ---- what production refuses to start without, or with

SECRET_KEY: str = env.str("DJANGO_SECRET_KEY", default="")
if not SECRET_KEY:
    msg = (
        "Set DJANGO_SECRET_KEY to a long random text that only this installation knows."
    )
    raise ImproperlyConfigured(msg)
DEBUG: bool = env.bool("DJANGO_DEBUG", default=False)
if DEBUG and PRODUCTION:
    msg = "DJANGO_DEBUG shows what must stay hidden; it is refused in production."
    raise ImproperlyConfigured(msg)
ALLOWED_HOSTS: list[str] = env.list("DJANGO_ALLOWED_HOSTS", default=[])
if not env.str("DATABASE_URL", default=""):
    msg = "Set DATABASE_URL, as in postgresql://user:password@host:5432/teddy."
    raise ImproperlyConfigured(msg)

# ---- Django

DATABASES: dict[str, Any] = {"default": env.db("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    msg = "DATABASE_URL must be a postgresql:// address: the store needs a real PostgreSQL."
    raise ImproperlyConfigured(msg)
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

INSTALLED_APPS = [
    "audit.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "eventstore",
    "audit",
    "teddy_es",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "teddy_es.urls"
WSGI_APPLICATION = "teddy_es.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("TEDDY_STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- security: default deny

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Behind TLS everywhere but in the quickstart, which answers on loopback only.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("TEDDY_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if env.bool("TEDDY_BEHIND_PROXY", default=False)
    else None
)

# ---- metrics: one directory for all processes of an installation, emptied by whoever starts it

PROMETHEUS_MULTIPROC_DIR: str = env.str("PROMETHEUS_MULTIPROC_DIR", default="")

# ---- the quickstart

TEDDY_ADMIN_PASSWORD: str = env.str("TEDDY_ADMIN_PASSWORD", default="")

# ---- the event store

_kafka_security: dict[str, Any] = {
    "security_protocol": env.str("TEDDY_KAFKA_SECURITY_PROTOCOL", default="PLAINTEXT"),
    "ssl_cafile": env.str("TEDDY_KAFKA_SSL_CAFILE", default="") or None,
    "ssl_certfile": env.str("TEDDY_KAFKA_SSL_CERTFILE", default="") or None,
    "ssl_keyfile": env.str("TEDDY_KAFKA_SSL_KEYFILE", default="") or None,
    "sasl_mechanism": env.str("TEDDY_KAFKA_SASL_MECHANISM", default="") or None,
    "sasl_plain_username": env.str("TEDDY_KAFKA_SASL_USERNAME", default="") or None,
    "sasl_plain_password": env.str("TEDDY_KAFKA_SASL_PASSWORD", default="") or None,
}
EVENTSTORE: dict[str, Any] = {
    "MODE": MODE,
    "LOG": env.str("TEDDY_LOG", default="kafka" if PRODUCTION else "embedded"),
    "REGISTRY": "teddy_es.domain.types.registry",
    "PARTITIONS": env.int("TEDDY_PARTITIONS", default=6),
    "APPEND_TIMEOUT": env.float("TEDDY_APPEND_TIMEOUT", default=10.0),
    "KAFKA_BOOTSTRAP": env.list("TEDDY_KAFKA_BOOTSTRAP", default=["127.0.0.1:9092"]),
    "KAFKA_SECURITY": {k: v for k, v in _kafka_security.items() if v is not None},
    "SOURCE": "/teddy",
}

LOGGING_CONFIG = None
configure_logging(json=PRODUCTION, level=env.str("TEDDY_LOG_LEVEL", default="INFO"))
