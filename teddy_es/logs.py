"""Structured logs: one JSON object a line in production, a readable line elsewhere; stack traces in both."""

from __future__ import annotations

import linecache
import logging.config
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.core.exceptions import ImproperlyConfigured

from eventstore.errors import EventStoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from types import TracebackType

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
WITHHELD: Final = "(withheld: an error's text may quote what it was about)"
_OURS: Final[type[BaseException]] = EventStoreError
_THE_SYSTEMS: Final[type[BaseException]] = OSError
_OF_SETTINGS: Final[type[BaseException]] = ImproperlyConfigured
# kafka-python logs every reconnect attempt as an error, and at debug keys and values
# django-axes' lines name addresses; teddy_es.logins says the same with a name and without them
_LOGGERS: Final = {
    "kafka": {"level": "CRITICAL"},
    "axes": {"level": "ERROR"},
    "celery.app.trace": {"filters": ["tasks"]},
    "django.request": {"filters": ["requests"]},
}
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
            "filters": {
                "tasks": {"()": WithoutWhatTasksQuote},
                "requests": {"()": WithoutAddresses},
            },
            "handlers": {"stderr": handler},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": _LOGGERS,
        }
    )
    sys.excepthook = report_uncaught
    threading.excepthook = report_uncaught_in_a_thread


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


def report_uncaught_in_a_thread(told: threading.ExceptHookArgs) -> None:
    """The same of a thread, which ends alone."""
    if told.exc_value is None or told.exc_type is SystemExit:
        return
    structlog.get_logger("uncaught").critical(
        "a thread ends by an error that nobody caught",
        action="thread-crashed",
        exc_info=(told.exc_type, told.exc_value, told.exc_traceback),
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
            withhold_what_errors_quote,
            *(_FOR_PROGRAMS if json else _FOR_PERSONS),
        ],
    }


def withhold_what_errors_quote(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Leave of an error in a trace its type and its lines and take its text: it may quote a row, or what somebody said.

    But of errors of ours, whose texts are made of places and codes, and of those of the operating system and of settings.
    """
    if trace := event.get("exception"):
        _withhold(trace, _told())
    return event


def _withhold(trace: Sequence[dict[str, Any]], told: Collection[str]) -> None:
    for error in trace:
        if error["exc_type"] not in told:
            error["exc_value"] = WITHHELD
        error["exc_notes"] = []
        for inner in error.get("exceptions", ()):  # of a group
            _withhold(inner, told)


def _told() -> Collection[str]:
    """The names of the classes whose texts quote nothing."""
    bases = _tree(_OURS), _tree(_THE_SYSTEMS), _tree(_OF_SETTINGS)
    return {kind.__name__ for tree in bases for kind in tree}


def _tree(base: type[BaseException]) -> Iterator[type[BaseException]]:
    yield base
    for kind in base.__subclasses__():
        yield from _tree(kind)


class WithoutWhatTasksQuote(logging.Filter):
    """Celery writes the text of an error, and a task's arguments, into the line itself: the class's name stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: nothing is left out."""
        if isinstance(record.args, Mapping) and "exc" in record.args:
            kind = record.exc_info[0] if record.exc_info else None
            name = kind.__name__ if kind else WITHHELD
            quoting = ("exc", "traceback", "args", "kwargs", "return_value")
            taken = dict.fromkeys(quoting, WITHHELD) | {"exc": name}
            record.args = {**record.args, **taken}
        return True


class WithoutAddresses(logging.Filter):
    """Django writes the path of what it refused into the line, and in a path stands what somebody put there, ids or a token: the route stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: nothing is left out."""
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            found = getattr(request, "resolver_match", None)
            route = f"/{found.route}" if found else "(no route)"
            record.args = tuple(
                route if isinstance(one, str) and one.startswith("/") else one
                for one in record.args
            )
        return True


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
