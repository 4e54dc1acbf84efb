"""What a command says when the store refuses or does not answer: one line, no traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from eventstore.database import Condition, condition_of, named, translated
from eventstore.errors import DatabaseUnanswered, EventStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_TABLE = "The database lacks a table of the store. Run `manage.py migrate`, then `manage.py create_topics`."


@contextmanager
def reported_in_a_line() -> Iterator[None]:
    """Turn the store's errors and the database's into a `CommandError`; a driver's text is left out: it may quote."""
    try:
        with translated():
            yield
    except DatabaseUnanswered as error:
        raise CommandError(_line(error)) from error
    except EventStoreError as error:
        raise CommandError(str(error)) from error
    except Exception as error:
        if condition_of(error) is Condition.NO_TABLE:
            raise CommandError(_NO_TABLE) from error
        raise


def _line(error: DatabaseUnanswered) -> str:
    if said := named(error):
        return f"{said[0].upper()}{said[1:]}."
    return (
        f"The database did not answer ({error.kind})."
        " Is it running, and is DATABASE_URL right?"
    )
