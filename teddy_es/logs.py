"""Structured logs: one JSON object a line in production, a readable line elsewhere; stack traces in both."""

from __future__ import annotations

import linecache
import logging.config
import sys
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

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
            # django-axes' lines name addresses; teddy_es.logins says the same with a name and without them
            "loggers": {
                "kafka": {"level": "CRITICAL"},
                "axes": {"level": "ERROR"},
            },
        }
    )
    sys.excepthook = report_uncaught


def report_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """What nobody caught ends the process through the same formatter: Python's own hook would print all of it."""
    if not issubclass(kind, Exception):
        sys.__excepthook__(kind, error, trace)  # Ctrl-C and the like quote nothing
        return
    structlog.get_logger("uncaught").critical(
        "the process ends by an error that nobody caught",
        action="process-crashed",
        exc_info=(kind, error, trace),
    )


def _formatter(*, json: bool) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # without local variables, because those hold what persons have said
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            withhold_what_databases_quote,
            *(_FOR_PROGRAMS if json else _FOR_PERSONS),
        ],
    }


def withhold_what_databases_quote(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Leave the type of a database's error in a trace and take its text: it may quote a row."""
    _withhold(event.get("exception", ()))
    return event


def _withhold(trace: Sequence[dict[str, Any]]) -> None:
    for error in trace:
        if hasattr(psycopg.errors, error["exc_type"]) or hasattr(
            psycopg, error["exc_type"]
        ):
            error["exc_value"] = "(withheld: a database's message may quote a row)"
            error["exc_notes"] = []
        for inner in error.get("exceptions", ()):  # of a group
            _withhold(inner)


def _as_text(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if trace := event.pop("exception", None):
        event["exception"] = "\n".join(_lines(trace))
    return event


def _lines(trace: Sequence[dict[str, Any]]) -> Iterator[str]:
    """As Python writes it: the first error first, and the newest call last."""
    for number, error in enumerate(reversed(trace)):
        if number:
            yield "\nthen, because of it or on the way:\n"
        yield "Traceback (most recent call last):"
        for frame in error["frames"]:
            yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
            yield f"    {linecache.getline(frame['filename'], frame['lineno']).strip()}"
        yield f"{error['exc_type']}: {error['exc_value']}"
        yield from error["exc_notes"]
        for inner in error.get("exceptions", ()):
            yield from (f"  | {line}" for line in _lines(inner))


_FOR_PROGRAMS: Final[list[structlog.typing.Processor]] = [
    structlog.processors.JSONRenderer()
]
_FOR_PERSONS: Final[list[structlog.typing.Processor]] = [
    _as_text,
    structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    ),
]
