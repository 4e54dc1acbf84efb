"""Structured logs: one JSON object a line in production, a readable line elsewhere; stack traces in both."""

from __future__ import annotations

import logging.config

import psycopg
import structlog


def configure_logging(*, json: bool, level: str) -> None:
    """Route everything, Django's and libraries' records too, through one structlog formatter to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # Stack traces without local variables: those hold what persons have said.
    renderer: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            withhold_what_databases_quote,
            structlog.processors.JSONRenderer(),
        ]
        if json
        else [
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        *renderer,
                    ],
                }
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "structured"}
            },
            "root": {"handlers": ["stderr"], "level": level},
            # kafka-python logs every reconnect attempt as an error; the adapter says what matters
            "loggers": {"kafka": {"level": "CRITICAL"}},
        }
    )


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
