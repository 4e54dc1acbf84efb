"""Structured logs: one JSON object a line in production, a readable line elsewhere; stack traces in both."""

from __future__ import annotations

import logging.config
from typing import Any, Final

import psycopg
import structlog

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SHARED: Final[list[structlog.typing.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure_logging(*, json: bool, level: str) -> None:
    """Route everything, Django's and libraries' records too, through one structlog formatter to stderr."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = {"class": "logging.StreamHandler", "formatter": "structured"}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structured": _formatter(json=json)},
            "handlers": {"stderr": handler},
            "root": {"handlers": ["stderr"], "level": level},
            # kafka-python logs every reconnect attempt as an error, and at debug keys and values
            "loggers": {"kafka": {"level": "CRITICAL"}},
        }
    )


def _formatter(*, json: bool) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *(_for_programs() if json else _for_persons()),
        ],
    }


def _for_programs() -> list[structlog.typing.Processor]:
    """JSON; stack traces without local variables, because those hold what persons have said."""
    return [
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ),
        withhold_what_databases_quote,
        structlog.processors.JSONRenderer(),
    ]


def _for_persons() -> list[structlog.typing.Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    ]


def withhold_what_databases_quote(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Leave the type of a database's error in a trace and take its text: it may quote a row."""
    for error in event.get("exception", ()):
        if hasattr(psycopg.errors, error["exc_type"]) or hasattr(
            psycopg, error["exc_type"]
        ):
            error["exc_value"] = "(withheld: a database's message may quote a row)"
    return event
