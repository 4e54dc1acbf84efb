"""Every problem that a call can answer with, by its code: for docs/ERRORS.md, for the schema, and for `GET /problems/{code}`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeGuard

from eventstore import errors
from eventstore.api import problems
from eventstore.api.answering import title_of
from eventstore.api.problems import ApiProblem
from eventstore.api.resolving import FACTS, resolving
from eventstore.errors import EventStoreError, Retryable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Entry:
    """code: stable. happened: what is the matter. resolve: what helps. facts: members of the answer that a program may go by.

    comes_again: the answer has Retry-After. of_store: the same error in Python; empty where the API alone refuses.
    """

    code: str
    status: HTTPStatus
    happened: str
    resolve: str
    facts: tuple[str, ...] = ()
    comes_again: bool = False
    of_store: str = ""

    @property
    def title(self) -> str:
        """The code in words."""
        return title_of(self.code)


@cache
def catalogue() -> Mapping[str, Entry]:
    """By code, in the order of the codes."""
    found = {entry.code: entry for entry in (*_of_the_api(), *_of_the_store())}
    return dict(sorted(found.items()))


def _of_the_api() -> Iterator[Entry]:
    for _, one in inspect.getmembers(problems, inspect.isclass):
        if issubclass(one, ApiProblem) and one is not ApiProblem:
            yield Entry(
                one.code,
                one.status,
                _said(one),
                one.resolve,
                tuple(one.carries),
                one.comes_again,
            )


def _of_the_store() -> Iterator[Entry]:
    for name, one in inspect.getmembers(errors, _is_raised):
        takes = inspect.signature(one).parameters
        yield Entry(
            one.code,
            HTTPStatus(one.status),
            _said(one),
            resolving(one.code),
            tuple(fact for fact in FACTS if fact in takes),
            issubclass(one, Retryable),
            name,
        )


def _is_raised(one: Any) -> TypeGuard[type[EventStoreError]]:
    """A branch of the tree has no code of its own."""
    is_error = inspect.isclass(one) and issubclass(one, EventStoreError)
    return is_error and one is not EventStoreError and "code" in vars(one)


def _said(one: type) -> str:
    return (inspect.getdoc(one) or "").partition("\n")[0]
