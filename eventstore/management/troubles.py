"""What a command says when the store refuses or does not answer: one line, no traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from django.core.management.base import CommandError
from django.db import DatabaseError
from psycopg.errors import UndefinedTable

from eventstore.database import is_trouble, named
from eventstore.errors import EventStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Turn the store's errors and the database's into a `CommandError`; a driver's text is left out: it may quote."""
    try:
        yield
    except EventStoreError as error:
        raise CommandError(str(error)) from error
    except (DatabaseError, psycopg.Error) as error:
        raise CommandError(_line(error)) from error


def _line(error: BaseException) -> str:
    if said := named(error):
        return f"{said[0].upper()}{said[1:]}."
    if is_trouble(error):
        return (
            f"The database did not answer ({type(error).__name__})."
            " Is it running, and is DATABASE_URL right?"
        )
    if isinstance(error.__cause__ or error, UndefinedTable):
        return "The database lacks a table of the store. Run `manage.py migrate`, then `manage.py create_topics`."
    raise error
