"""The small changes that are tried, each of one node of the syntax tree; also in SQL, where half of the rules stand."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SWAPS: Final[dict[type[ast.AST], type[Any]]] = {
    one: other
    for pair in (
        (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn),
        (ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv), (ast.LShift, ast.RShift), (ast.BitAnd, ast.BitOr),
    )
    for one, other in (pair, pair[::-1])
}  # fmt: skip
_NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LARGEST: Final = 64  # a larger number is a size that somebody chose, not a border
_IS_SQL: Final = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|SET)\b")
_SQL: Final = (
    (r"(?<![<>=-])<(?![=>])", "<="), (r"<=", "<"), (r"(?<![<>=-])>(?!=)", ">="), (r">=", ">"),
    (r"\bAND\b", "OR"), (r"\bNOT ", ""), (r" DESC\b", ""), (r"(ORDER BY [\w.\"]+)(?=[ ,)\n])(?! DESC)", r"\1 DESC"),
    (r"(?<=[\w) ]) \+ ", " - "), (r"(?<=[\w) ]) - ", " + "), (r"\bleast\b", "greatest"), (r"\bgreatest\b", "least"),
    (r"\bmin\(", "max("), (r"\bmax\(", "min("), (r"\bFOR (UPDATE|SHARE)\b.*", ""), (r"SKIP LOCKED", ""),
    (r"= off\b", "= on"), (r"= on\b", "= off"), (r"(?<![\w.%$'])\d+(?![\w.'])", r"(\g<0> + 1)"),
)  # fmt: skip
_NO_BEHAVIOUR: Final = {"annotation", "returns", "decorator_list", "bases", "type_params"}  # fmt: skip
_NO_BORDER: Final = {"strict", "gc", "frozen", "slots", "kw_only"}  # of these arguments


class Mutant(NamedTuple):
    """key: stable as long as the changed place reads as it does. line: of the source. tree: to be compiled."""

    key: str
    line: int
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """One after the other; the tree is this one's until the next is asked for."""
    tree, seen = ast.parse(source), Counter[str]()
    for where, holder, slot, node in list(_nodes(tree, "")):
        for new in _instead_of(node):
            key = f"{where}: {_shown(node, new)}"
            seen[key] += 1
            ast.fix_missing_locations(ast.copy_location(new, node))
            _put(holder, slot, new)
            number = f" #{seen[key]}" if seen[key] > 1 else ""
            yield Mutant(key + number, getattr(node, "lineno", 0), tree)
            _put(holder, slot, node)


def essence(source: str) -> str:
    """What a module does, whatever it imports from where and how it is laid out."""
    body = [
        one
        for one in ast.parse(source).body
        if not isinstance(one, ast.Import | ast.ImportFrom)
    ]
    return ast.unparse([one for one in body if not _is_passed(one)])  # type: ignore[arg-type]


def _nodes(node: ast.AST, where: str) -> Iterator[tuple[str, Any, Any, ast.AST]]:
    """Every node that may be changed: in which function or class, and where it hangs."""
    for field, value in ast.iter_fields(node):
        if field in _NO_BEHAVIOUR or (
            isinstance(node, ast.ClassDef) and field == "keywords"
        ):
            continue
        many = isinstance(value, list)
        for n, child in enumerate(value if many else [value]):
            if isinstance(child, ast.AST) and not _is_passed(child):
                yield where, *((value, n) if many else (node, field)), child
                yield from _nodes(child, _inside(child, where))


def _inside(node: ast.AST, where: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return f"{where}.{node.name}".strip(".")
    return where


def _is_passed(node: ast.AST) -> bool:
    match node:
        case (
            ast.If(test=ast.Name(id="TYPE_CHECKING"))
            | ast.Expr(value=ast.Constant())
            | ast.JoinedStr()
        ):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="logger")))):
            return True  # what is told to people
        case ast.keyword(arg=name):
            return name in _NO_BORDER
    return False


def _instead_of(node: ast.AST) -> Iterator[Any]:
    yield from _values_instead_of(node)
    yield from _steps_instead_of(node)


def _values_instead_of(node: ast.AST) -> Iterator[Any]:  # noqa: C901  (a list)
    match node:
        case ast.Compare(left=left, ops=ops, comparators=right):
            for n, op in enumerate(ops):
                yield ast.Compare(
                    left, [*ops[:n], _SWAPS[type(op)](), *ops[n + 1 :]], right
                )
        case ast.BoolOp(op=op, values=values):
            for n in range(len(values)):
                rest = [*values[:n], *values[n + 1 :]]
                yield ast.BoolOp(op, rest) if len(rest) > 1 else rest[0]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SWAPS:
            yield ast.BinOp(left, _SWAPS[type(op)](), right)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value) if value <= _LARGEST:
            yield ast.Constant(value + 1)
        case ast.Constant(value=str() as value) if _IS_SQL.search(value):
            yield from map(ast.Constant, _sql_instead_of(value))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if (
            name in _NAMES
        ):
            yield ast.Call(ast.Name(_NAMES[name], ast.Load()), args, keywords)


def _steps_instead_of(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.If(test=test, body=body, orelse=orelse) if _is_plain(test):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test=test, body=then, orelse=otherwise) if _is_plain(test):
            yield ast.IfExp(ast.UnaryOp(ast.Not(), test), then, otherwise)
        case (
            ast.Expr(value=ast.Call())
            | ast.AugAssign()
            | ast.Raise()
            | ast.Assign(targets=[ast.Attribute()])
        ):
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()


def _is_plain(test: ast.expr) -> bool:
    """Whether nothing within it would be changed the same way."""
    return isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr)


def _sql_instead_of(text: str) -> Iterator[str]:
    for pattern, new in _SQL:
        for found in re.finditer(pattern, text):
            yield text[: found.start()] + found.expand(new) + text[found.end() :]


def _shown(node: ast.AST, new: ast.AST) -> str:
    """In a line; of long texts where they differ."""
    old, changed = (" ".join(_text(one).split()) for one in (node, new))
    same = next(
        (
            n
            for n, pair in enumerate(zip(old, changed, strict=False))
            if pair[0] != pair[1]
        ),
        0,
    )
    start = max(0, same - 25)
    return f"{old[start : start + 60]} → {changed[start : start + 60]}"


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return (
        f"if {ast.unparse(node.test)}"
        if isinstance(node, ast.If)
        else ast.unparse(node)
    )


def _put(holder: Any, slot: Any, node: ast.AST) -> None:
    if isinstance(holder, list):
        holder[slot] = node
    else:
        setattr(holder, slot, node)
