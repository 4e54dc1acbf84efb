"""Names that the framework needs in the classes that users write: whoever takes one is told when the class is made.

What is taken in silence fails later and elsewhere: a command that hides `record` is called by the framework with an event,
in the middle of a save.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_MACHINERY: Final = frozenset(
    {
        "__abstractmethods__",
        "__annotations__",
        "__class__",
        "__class_getitem__",
        "__delattr__",
        "__dict__",
        "__getattribute__",
        "__init_subclass__",
        "__module__",
        "__new__",
        "__orig_bases__",
        "__parameters__",
        "__setattr__",
        "__subclasshook__",
        "__weakref__",
        "_abc_impl",
    }
)
"""By these Python makes classes and objects; most stand in every class, so only a function there is somebody's own."""


def own_names(base: type, *, open_to_all: Collection[str]) -> frozenset[str]:
    """What a base class has, but for Python's own names and what its subclasses are meant to define."""
    names = {name for name in vars(base) if not _is_pythons(name)}
    return frozenset(names - set(open_to_all) - _MACHINERY)


def refuse_taken(
    cls: type, base: type, reserved: Collection[str], why: Mapping[str, str]
) -> None:
    """Raise TypeError where a class, or another base of it, defines what `base` keeps for itself.

    why: what the framework has under a name, for the message; a word for the others.
    """
    for one in _before(cls, base):
        for name, value in vars(one).items():
            if name in reserved or (name in _MACHINERY and _is_written(value)):
                has = why.get(name, "it is a part of its own")
                msg = (
                    f"{cls.__name__} defines {name}, a name that {base.__name__} needs itself ({has}):"
                    f" give it another name{_where(one, cls)}"
                )
                raise TypeError(msg)


def refuse_other_values(
    cls: type, base: type, declared: Mapping[str, tuple[Callable[[Any], bool], str]]
) -> None:
    """Raise TypeError where what a subclass is to declare is something else, as a method of that name.

    declared: name → (whether a value is one, what it must be).
    """
    for name, (fits, must_be) in declared.items():
        for one in _before(cls, base):
            if name in vars(one) and not fits(vars(one)[name]):
                msg = (
                    f"{cls.__name__}.{name} must be {must_be}, by which {base.__name__} knows it, and is a"
                    f" {type(vars(one)[name]).__name__}: give what it now is another name{_where(one, cls)}"
                )
                raise TypeError(msg)


def refuse_other_signature(
    cls: type, base: type, name: str, *args: object, **kwargs: object
) -> None:
    """Raise TypeError unless a method of an object can be called like this, and does its work when it is called."""
    method = inspect.getattr_static(cls, name)
    if vars(base).get(name) is method:
        return
    if not _takes(method, *args, **kwargs):
        taken = ", ".join((*map(str, args), *(f"{key}=…" for key in kwargs)))
        msg = (
            f"{cls.__name__}.{name} must be a method that can be called as {name}({taken}), which is how"
            f" {base.__name__} calls it: give what it now is another name"
        )
        raise TypeError(msg)


def runs_later(function: object) -> bool:
    """Whether a call of it only makes a coroutine or a generator, which somebody else would have to run."""
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )


def _takes(method: object, *args: object, **kwargs: object) -> bool:
    if not callable(method) or isinstance(method, type):
        return False
    try:
        inspect.signature(method).bind(None, *args, **kwargs)
    except (TypeError, ValueError):  # it does not fit, or is none of Python's own
        return False
    return True


def _before(cls: type, base: type) -> list[type]:
    """The classes whose attributes come before the base's: the class itself, its bases, mixins."""
    return list(cls.__mro__[: cls.__mro__.index(base)])


def _where(one: type, cls: type) -> str:
    return "" if one is cls else f" (it comes from {one.__name__})"


def _is_written(value: object) -> bool:
    return callable(value) or isinstance(value, property | classmethod | staticmethod)


def _is_pythons(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
