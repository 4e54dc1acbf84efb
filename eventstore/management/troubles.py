"""What a command says when the store refuses or does not answer: one line, no traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedTable

from eventstore.database import TROUBLE, is_full, told
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
    except (OperationalError, *TROUBLE) as error:
        if is_full(error):
            said = told(error)
            msg = f"{said[0].upper()}{said[1:]}."
            raise CommandError(msg) from error
        msg = (
            f"The database did not answer ({type(error).__name__})."
            " Is it running, and is DATABASE_URL right?"
        )
        raise CommandError(msg) from error
    except (ProgrammingError, UndefinedTable) as error:
        msg = "The database lacks a table of the store. Run `manage.py migrate`, then `manage.py create_topics`."
        raise CommandError(msg) from error
