"""`./teddy reset` removes whatever the launcher makes in a data directory."""

from __future__ import annotations

import ast

from scripts.launcher.places import FILES, FOLDERS, KEPT
from tests.guards.sources import ROOT, python_files, tree_of

# Below `.teddy` and of the checkout: packages, jars, the list of what runs, the directory of `./teddy test`.
OF_THE_CHECKOUT = {"venv", "venv.lock", "jars", "runs", "test", "devserve"}


def made() -> set[str]:
    """The names that stand behind a data directory's path: `data.path / "logs"`, `root.absolute() / "brokers"`."""
    return {
        node.right.value
        for path in python_files("scripts/launcher")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.right.value, str)
        and ast.unparse(node.left) in {"data.path", "self.path", "root.absolute()"}
    }


def test_reset_removes_what_the_launcher_makes() -> None:
    removed = {*FOLDERS, *FILES, *KEPT}

    assert made() - OF_THE_CHECKOUT == removed, (
        f"made and not removed: {sorted(made() - removed)}; removed and made by nobody: {sorted(removed - made())}."
        " FOLDERS, FILES and KEPT of scripts/launcher/places.py say what a data directory may hold."
    )


def test_what_the_page_says_is_in_a_data_directory_is_removed() -> None:
    page = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    table = page.partition("| in `.teddy/` | |")[2].partition("\n\n")[0]

    for name in (*FOLDERS, "runtime.json", "secret_key"):
        assert f"`{name}" in table, f"docs/OPERATIONS.md, What is where: {name}"
