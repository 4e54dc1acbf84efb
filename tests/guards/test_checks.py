"""docs/CHECKS.md and the code have the same ids, which never change."""

from __future__ import annotations

import ast
import re

from tests.guards.sources import OURS, ROOT, name_of, python_files, tree_of

PAGE = (ROOT / "docs" / "CHECKS.md").read_text("utf-8")
ID = re.compile(r"[a-z_]+\.[EW][0-9]{3}")


def ids_in_code() -> dict[str, str]:
    """The `id=…` of every message, with the file that gives it."""
    return {
        keyword.value.value: name_of(path)
        for path in python_files(*OURS)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "id"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
        and ID.fullmatch(keyword.value.value)
    }


def rows() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


def test_every_check_has_its_row_and_every_row_its_check() -> None:
    documented, known = set(rows()), set(ids_in_code())

    assert documented == known, (
        f"docs/CHECKS.md lacks {sorted(known - documented)}: say what each says and what to do. It has"
        f" {sorted(documented - known)}, which no check gives."
    )


def test_no_id_stands_on_the_page_twice() -> None:
    assert len(rows()) == len(set(rows())), f"docs/CHECKS.md: twice among {rows()}."


def test_an_id_is_that_of_its_package() -> None:
    wrong = {
        id_: file
        for id_, file in ids_in_code().items()
        if not file.startswith(id_.partition(".")[0] + "/")
    }

    assert not wrong, f"An id begins with the package that gives it: {wrong}"
