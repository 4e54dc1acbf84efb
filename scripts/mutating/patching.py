"""Puts a changed function in the place of the one that is loaded, which spares a mutant the import of everything."""

from __future__ import annotations

import gc
from collections import defaultdict
from functools import _lru_cache_wrapper
from inspect import CO_OPTIMIZED
from itertools import zip_longest
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    Change = list[tuple[CodeType, CodeType]]


_OURS: Final = ("eventstore.", "audit.", "teddy_es.")


def remembering() -> list[_lru_cache_wrapper[Any]]:
    """Functions of ours that remember their answers."""
    # never isinstance, of all objects of a process: a lazy one of Django's would be made, or refuse
    found = (one for one in gc.get_objects() if type(one) is _lru_cache_wrapper)
    return [one for one in found if str(one.__module__).startswith(_OURS)]


class Loaded:
    """The functions that were made of a module's code."""

    def __init__(self, module: CodeType) -> None:
        self._module = module
        self._functions: defaultdict[int, list[FunctionType]] = defaultdict(list)
        every = [*_all(module)]
        for found in gc.get_referrers(*every):
            if type(found) is FunctionType:
                self._functions[id(found.__code__)].append(found)

    def change(self, mutant: CodeType) -> Change | None:
        """What is to be put where; None where that would not do: the import itself does something else."""
        try:
            return [*self._pairs(self._module, mutant, within=False)]
        except LookupError:
            return None

    def _pairs(
        self, old: CodeType, new: CodeType, *, within: bool
    ) -> Iterator[tuple[CodeType, CodeType]]:
        """Raise LookupError where a difference is in no function that is loaded. within: a function that is."""
        if old == new:
            return
        if id(old) in self._functions:
            if old.co_freevars != new.co_freevars:
                raise LookupError(old.co_name)
            within = True
            yield old, new
        elif not within and (old.co_flags & CO_OPTIMIZED or _own(old) != _own(new)):
            raise LookupError(old.co_name)
        for inner, changed in zip_longest(_codes(old), _codes(new)):
            if inner is None or changed is None:
                raise LookupError(old.co_name)
            yield from self._pairs(inner, changed, within=within)

    def put(self, change: Change) -> None:
        """Change what is loaded."""
        for found in gc.get_objects():
            if type(found) is _lru_cache_wrapper and found.__module__.startswith(_OURS):
                found.cache_clear()
        for old, new in change:
            for function in self._functions[id(old)]:
                function.__code__ = new


def _codes(code: CodeType) -> list[CodeType]:
    return [one for one in code.co_consts if isinstance(one, CodeType)]


def _all(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in _codes(code):
        yield from _all(one)


def _own(code: CodeType) -> tuple[object, ...]:
    """What it does itself, without the functions that it makes."""
    consts = [None if isinstance(one, CodeType) else one for one in code.co_consts]
    typed = [(type(one), one) for one in consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, typed
