"""What code is, as bytes to be hashed: its source, that of what it imports, and what a function was made with.

The same in every process and under every version of Python; so by sources alone, never by addresses or compiled code.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import partial
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OURS: Final = __name__.partition(".")[0]  # its meaning does not change
_FLAT: Final = (bool, int, float, str, bytes, type(None))


def sources(names: Iterable[str]) -> Iterator[bytes]:
    """The source of these modules, and of what they import of the packages that they are in, in one order.

    Imports for type checkers alone do not count. Raises OSError where a source is not at hand.
    """
    waiting, modules = set(names), set[str]()
    packages = {name.partition(".")[0] for name in waiting} - {_OURS}
    while waiting:
        name = waiting.pop()
        modules.add(name)
        waiting |= set(_imported(name, packages)) - modules
    for name in sorted(modules):
        yield f"{name}\n{_source(name)}\n".encode()


def parts_of(value: Any, seen: frozenset[int] = frozenset()) -> Iterator[bytes]:
    """What a function is made of: its code, its defaults, what it closes over or was bound to; of a value, the value.

    Raises OSError where a source is not at hand.
    """
    if id(value) in seen:
        return
    seen |= {id(value)}
    if isinstance(value, _FLAT):
        yield repr(value).encode() + b"\n"
        return
    if isinstance(value, partial):
        inner: Any = [value.func, *value.args, value.keywords]
    elif inspect.ismethod(value):
        inner = [value.__func__, value.__self__]
    elif inspect.isfunction(value):
        yield _text(value)
        cells = value.__closure__ or ()
        inner = [value.__defaults__, value.__kwdefaults__, *map(_content, cells)]
    else:
        inner = yield from _value(value)
    for one in inner:
        yield from parts_of(one, seen)


def _value(value: Any) -> Any:
    """A class by its name (its module is in the sources of who names it), a container by what is in it, and anything else by its class and its attributes."""
    if isinstance(value, type) or inspect.ismodule(value):
        yield f"{getattr(value, '__qualname__', value.__name__)}\n".encode()
        return ()
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, set | frozenset):  # the order is another in every process
        yield b"".join(sorted(b"".join(parts_of(one)) for one in value))
        return ()
    yield f"{type(value).__module__}.{type(value).__qualname__}\n".encode()
    if callable(value):
        return [type(value).__call__, getattr(value, "__dict__", None)]
    fields = getattr(value, "__struct_fields__", None)
    if fields is not None:
        return [getattr(value, name) for name in fields]
    return [getattr(value, "__dict__", None)]


def _text(function: Any) -> bytes:
    """Its source, and that of the module in which it calls others."""
    module = function.__module__
    own = inspect.getsource(function.__code__)
    return f"{module}.{function.__qualname__}\n{own}\n".encode() + b"".join(
        sources([module])
    )


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing yet
        return None


def _source(name: str) -> str:
    module = sys.modules.get(name)
    if module is None:
        spec = find_spec(name)
        return Path(spec.origin).read_text("utf-8") if spec and spec.origin else ""
    try:
        return inspect.getsource(module)
    except (OSError, TypeError) as error:
        file = getattr(module, "__file__", None)
        if file and Path(file).is_file() and not Path(file).stat().st_size:
            return ""  # an empty file has a source, too
        msg = f"the source of {name} is not at hand"
        raise OSError(msg) from error


def _imported(name: str, packages: set[str]) -> Iterator[str]:
    """The modules of these packages that a module imports, wherever in it."""
    module = sys.modules.get(name)
    package = name if hasattr(module, "__path__") else name.rpartition(".")[0]
    imports = _Imports()
    imports.visit(ast.parse(_source(name)))
    for node in imports.nodes:
        if isinstance(node, ast.Import):
            said = [(alias.name, "") for alias in node.names]
        else:
            dots = "." * node.level + (node.module or "")
            base = resolve_name(dots, package) if node.level else dots
            said = [(f"{base}.{alias.name}", base) for alias in node.names]
        for one, other in said:
            if one.partition(".")[0] in packages:
                yield from [each for each in (one, other) if _is_module(each)][:1]


class _Imports(ast.NodeVisitor):
    """The imports of a module, but for those under `if TYPE_CHECKING`."""

    def __init__(self) -> None:
        self.nodes: list[ast.Import | ast.ImportFrom] = []

    def visit_Import(self, node: ast.Import) -> None:
        self.nodes.append(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.nodes.append(node)

    def visit_If(self, node: ast.If) -> None:
        tested = node.test
        name = getattr(tested, "attr", getattr(tested, "id", None))
        for one in (
            node.orelse if name == "TYPE_CHECKING" else (*node.body, *node.orelse)
        ):
            self.visit(one)


def _is_module(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return bool(name) and find_spec(name) is not None
    except (ImportError, ValueError):
        return False
