"""The one reader of the environment. Every variable is in docs/SETTINGS.md."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from teddy_es import deadlines
from teddy_es.environment import Environment
from teddy_es.logs import LEVELS, configure_logging
from teddy_es.retention import RETENTION, without_end

env = Environment(os.environ)
BASE_DIR = Path(__file__).resolve().parent.parent

MODE = env.one_of("TEDDY_MODE", ("quickstart", "production"), default="production")
PRODUCTION = MODE == "production"

# ---- what production refuses to start without, or with

SECRET_KEY = env.text("DJANGO_SECRET_KEY")
if not SECRET_KEY:
    msg = (
        "Set DJANGO_SECRET_KEY to a long random text that only this installation knows."
    )
    raise ImproperlyConfigured(msg)
SECRET_KEY_FALLBACKS = env.several("DJANGO_SECRET_KEY_FALLBACKS")
DEBUG = env.switch("DJANGO_DEBUG", default=False)
if DEBUG and PRODUCTION:
    msg = "DJANGO_DEBUG shows what must stay hidden; it is refused in production."
    raise ImproperlyConfigured(msg)
ALLOWED_HOSTS = env.several("DJANGO_ALLOWED_HOSTS")

# ---- Django

_kept = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
_main = env.postgresql("DATABASE_URL")
# Keys and what they open never stand in one database: its backups would keep an erased key beside the sealed text.
_keys = env.postgresql_beside(
    "TEDDY_KEYS_DATABASE_URL", _main, has_default=not PRODUCTION
)
DATABASES: dict[str, Any] = {"default": _main | _kept, "keys": _keys | _kept}
DATABASE_ROUTERS = ["eventstore.keys.router.KeysRouter"]
_silent = env.whole("TEDDY_DATABASE_SILENCE", default=20, least=4, most=3600)
# what the address says itself stands
_network = {
    "connect_timeout": env.whole(
        "TEDDY_DATABASE_CONNECT_TIMEOUT", default=5, least=2, most=3600
    ),
    "tcp_user_timeout": _silent * 1_000,
    "keepalives_idle": _silent // 2,
    "keepalives_interval": _silent // 4,
    "keepalives_count": 2,
}
for _database in DATABASES.values():
    _database["OPTIONS"] = _network | _database.get("OPTIONS", {})
# 0: no limit. Of pages alone: teddy_es/limits.py
TEDDY_DATABASE_LOCK_TIMEOUT = env.whole(
    "TEDDY_DATABASE_LOCK_TIMEOUT", default=10, least=0, most=86_400
)
TEDDY_DATABASE_STATEMENT_TIMEOUT = env.whole(
    "TEDDY_DATABASE_STATEMENT_TIMEOUT", default=30, least=0, most=86_400
)
TEDDY_DATABASE_IDLE_TIMEOUT = env.whole(
    "TEDDY_DATABASE_IDLE_TIMEOUT", default=60, least=0, most=86_400
)
TEDDY_DATABASE_TRANSACTION_TIMEOUT = env.whole(
    "TEDDY_DATABASE_TRANSACTION_TIMEOUT", default=120, least=0, most=86_400
)

INSTALLED_APPS = [
    "audit.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "axes",
    "rest_framework",
    "knox",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "eventstore",
    "eventstore.keys",
    "eventstore.api",
    "audit.people",
    "audit",
    "teddy_es",
]
MIDDLEWARE = [
    "teddy_es.proxies.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "teddy_es.correlation.CorrelationMiddleware",
    "audit.unseen.ShowUnseen",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "audit.trouble.DatabaseTrouble",
    "audit.sessions.EndSessions",
    "axes.middleware.AxesMiddleware",
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
# One after the other: locked out, then looked at. Hashing is bounded, or who tries passwords stops the pages.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "teddy_es.passwords.GatedBackend",
]
PASSWORD_HASHERS = ["teddy_es.passwords.GatedHasher"]
LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.folder("TEDDY_STATIC_ROOT", default=BASE_DIR / "staticfiles")
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
TEDDY_SESSION_IDLE = env.whole("TEDDY_SESSION_IDLE", default=900, least=60, most=28_800)
# Behind TLS everywhere but in the quickstart, which answers on loopback only.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = env.switch("TEDDY_SSL_REDIRECT", default=True) and PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if env.switch("TEDDY_BEHIND_PROXY", default=False)
    else None
)

TEDDY_TRUSTED_PROXIES = env.networks("TEDDY_TRUSTED_PROXIES")

# ---- log-ins: by name *and* address, so that nobody locks an officer out from elsewhere. docs/OPERATIONS.md

AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "teddy_es.logins.recorded_name"
AXES_LOCKOUT_CALLABLE = "teddy_es.logins.locked_out"
AXES_CLIENT_IP_CALLABLE = "teddy_es.proxies.client_address"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# django-axes 8.3.1 deletes the newest rows of who has more than this, not the oldest: nothing is deleted that way.
AXES_ACCESS_FAILURE_LOG_PER_USER_LIMIT = 2**31
AXES_ENABLE_ADMIN = (
    False  # its tables are no pages: whoever could delete there could hide
)
AXES_VERBOSE = False

# ---- the HTTP API: docs/API.md. What a call needs stands in its class (`eventstore.api.endpoint`)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ("eventstore.api.tokens.Tokens",),
    "DEFAULT_PERMISSION_CLASSES": ("eventstore.api.permissions.MayScope",),
    "DEFAULT_RENDERER_CLASSES": ("eventstore.api.bodies.Json",),
    "DEFAULT_PARSER_CLASSES": ("eventstore.api.bodies.StrictJson",),
    "DEFAULT_SCHEMA_CLASS": "eventstore.api.openapi.operations.Operations",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_THROTTLE_RATES": {
        "read": env.text("TEDDY_RATE_READ", default="6000/min"),
        "append": env.text("TEDDY_RATE_APPEND", default="60000/min"),
        "export": env.text("TEDDY_RATE_EXPORT", default="60/hour"),
    },
    "URL_FORMAT_OVERRIDE": None,  # `?format=` is a parameter that no call knows
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "eventstore.api.answering.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "eventstore.api.answering.ProblemFormatter",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Teddy ES",
    "VERSION": "1",
    "DESCRIPTION": "Streams of events over HTTP. What it promises, and how to follow and to write: docs/API.md.",
    "POSTPROCESSING_HOOKS": ["teddy_es.api_examples.in_teddys_words"],
}
REST_KNOX = {
    "TOKEN_PREFIX": "teddy_",
    "TOKEN_TTL": timedelta(days=365),
    "AUTO_REFRESH": False,
}

# Rates are counted here, in each process for itself: who wants to append waits for no counter that lies elsewhere.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

# ---- Celery: docs/guide/JOBS.md

CELERY_BROKER_URL = env.text(
    "CELERY_BROKER_URL", default="" if PRODUCTION else "filesystem://"
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True  # a worker that dies gives its task back
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
if CELERY_BROKER_URL == "filesystem://":
    _tasks = env.folder("TEDDY_TASKS", default=BASE_DIR / ".teddy" / "tasks")
    CELERY_BROKER_TRANSPORT = (
        "teddy_es.task_files:Transport"  # not kombu's: it says why
    )
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "folder": str(_tasks),
        "polling_interval": 0.2,
    }

# ---- metrics: one directory for all processes of an installation, emptied by whoever starts it

PROMETHEUS_MULTIPROC_DIR = env.text("PROMETHEUS_MULTIPROC_DIR")

# Probes and figures on a listener of their own; the quickstart answers on loopback only, and has them among its pages.
TEDDY_PROBES = env.address(
    "TEDDY_PROBES", default="127.0.0.1:9100" if PRODUCTION else "none"
)

# ---- the quickstart

TEDDY_ADMIN_PASSWORD = env.text("TEDDY_ADMIN_PASSWORD")
TEDDY_ROLE_PASSWORDS = env.several("TEDDY_ROLE_PASSWORDS")

# ---- the event store

_kafka_security: dict[str, Any] = {
    "security_protocol": env.one_of(
        "TEDDY_KAFKA_SECURITY_PROTOCOL",
        ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        default="PLAINTEXT",
    ),
    "ssl_cafile": env.text("TEDDY_KAFKA_SSL_CAFILE"),
    "ssl_certfile": env.text("TEDDY_KAFKA_SSL_CERTFILE"),
    "ssl_keyfile": env.text("TEDDY_KAFKA_SSL_KEYFILE"),
    "sasl_mechanism": env.one_of(
        "TEDDY_KAFKA_SASL_MECHANISM",
        ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        default="",
    ),
    "sasl_plain_username": env.text("TEDDY_KAFKA_SASL_USERNAME"),
    "sasl_plain_password": env.text("TEDDY_KAFKA_SASL_PASSWORD"),
}
_vault: dict[str, Any] = {
    "addr": env.text("TEDDY_VAULT_ADDR"),
    "token": env.text("TEDDY_VAULT_TOKEN"),
    "token_file": env.text("TEDDY_VAULT_TOKEN_FILE"),
    "mount": env.text("TEDDY_VAULT_MOUNT", default="transit"),
    "key": env.text("TEDDY_VAULT_KEY", default="teddy"),
    "namespace": env.text("TEDDY_VAULT_NAMESPACE"),
    "ca_file": env.text("TEDDY_VAULT_CA_FILE"),
    "timeout": env.seconds("TEDDY_VAULT_TIMEOUT", default=2.0),
}
EVENTSTORE: dict[str, Any] = {
    "MODE": MODE,
    "LOG": env.one_of_or_path(
        "TEDDY_LOG",
        ("kafka", "embedded"),
        default="kafka" if PRODUCTION else "embedded",
    ),
    "REGISTRY": "teddy_es.domain.types.registry",
    "AGGREGATES": (
        "teddy_es.domain.child.Child",
        "teddy_es.domain.conversation.Conversation",
        "teddy_es.domain.parent.Parent",
        "teddy_es.domain.approval.Approval",
    ),
    "SUBSCRIPTIONS": ("teddy_es.parents.following",),
    "FAILED_TOKENS": "teddy_es.logins.failed_token",
    "ACCESS_RECORDER": "audit.ledger.AccessLedger",
    "PROJECTIONS": (
        "audit.people.children.Children",
        "audit.people.conversations.Conversations",
        "audit.people.violations.Violations",
        "audit.people.consents.Consents",
        "audit.people.accesses.Accesses",
        "audit.people.hours.Hours",
        "audit.people.facts.Facts",
        "audit.people.screenings.Screenings",
        "audit.people.approvals.Approvals",
    ),
    "JOBS": ("audit.scheduled.ESCALATE", "audit.scheduled.FINISH"),
    "REACH": "audit.households.reach",
    "PLACES": (str(BASE_DIR / "teddy_es" / "places.toml"),),
    "SNAPSHOT_FREQUENCY": env.whole(
        "TEDDY_SNAPSHOT_FREQUENCY", default=10, least=1, most=1_000_000
    ),
    "PARTITIONS": env.whole("TEDDY_PARTITIONS", default=6, least=1, most=512),
    "APPEND_TIMEOUT": env.seconds("TEDDY_APPEND_TIMEOUT", default=10.0),
    "FOLLOWERS": env.whole("TEDDY_FOLLOWERS", default=150, least=0, most=900),
    "KAFKA_BOOTSTRAP": env.several(
        "TEDDY_KAFKA_BOOTSTRAP", default=("127.0.0.1:9092",)
    ),
    "KAFKA_SECURITY": {name: value for name, value in _kafka_security.items() if value},
    "KEK": env.one_of_or_path(
        "TEDDY_KEK",
        ("file", "env", "vault"),
        default="vault" if PRODUCTION else "file",
    ),
    "KEK_FILE": str(
        env.folder("TEDDY_KEK_FILE", default=BASE_DIR / ".teddy" / "key_file")
    ),
    "KEK_SECRETS": env.several("TEDDY_KEK_SECRETS"),
    "VAULT": _vault,
    "RETENTION": RETENTION if PRODUCTION else without_end(RETENTION),
    "KEY_BACKUP_DAYS": env.whole(
        "TEDDY_KEY_BACKUP_DAYS", default=0, least=0, most=36_500
    ),
    "SOURCE": "/teddy",
    "PUBLISH": env.switch("TEDDY_PUBLISH", default=True),
    "PUBLISH_FROM": env.one_of(
        "TEDDY_PUBLISH_FROM", ("beginning", "now"), default="beginning"
    ),
}

# ---- the console: docs/OPERATIONS.md, "Safety violations"

DEADLINES = deadlines.DEADLINES
TEDDY_APPROVAL_HOURS = env.whole("TEDDY_APPROVAL_HOURS", default=24, least=1, most=720)

LOGGING_CONFIG = None
configure_logging(
    json=PRODUCTION, level=env.one_of("TEDDY_LOG_LEVEL", LEVELS, default="INFO")
)
env.refuse_unknown()
