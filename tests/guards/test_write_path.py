"""docs/WRITE_PATH.md has every rule that the code cites, and what it names is there."""

from __future__ import annotations

import re

import pytest

from tests.guards.sources import OURS, ROOT, name_of, python_files

PAGE = (ROOT / "docs" / "WRITE_PATH.md").read_text("utf-8")
CITED = re.compile(r"\b[Rr]ules? ([0-9]+)((?: and |, | to )[0-9]+)*\b")


def rules() -> dict[int, str]:
    """The paragraphs of each rule, by its number."""
    parts = re.split(r"^### ([0-9]+) · ", PAGE.partition("\n## Refused")[0], flags=re.M)
    return {int(n): text for n, text in zip(parts[1::2], parts[2::2], strict=True)}


def cited() -> dict[int, set[str]]:
    """The numbers that code and tests cite, with the files."""
    found: dict[int, set[str]] = {}
    for path in python_files(*OURS, "tests"):
        for match in CITED.finditer(path.read_text("utf-8")):
            for number in re.findall(r"[0-9]+", match[0]):
                found.setdefault(int(number), set()).add(name_of(path))
    return found


def test_the_rules_are_numbered_without_a_gap() -> None:
    assert list(rules()) == list(range(1, 18))


def test_every_rule_that_is_cited_is_there() -> None:
    unknown = {n: files for n, files in cited().items() if n not in rules()}

    assert not unknown, f"docs/WRITE_PATH.md has no such rule: {unknown}"


def test_every_rule_that_is_built_is_cited_where_it_is_kept() -> None:
    kept = {
        n
        for n, files in cited().items()
        if any(name.startswith("eventstore/") for name in files)
    }

    missing = set(rules()) - kept - {2}  # 2: the log's format says it
    assert not missing, f"No code says that it keeps rule {sorted(missing)}."


@pytest.mark.parametrize("number", sorted(set(range(1, 18))))
def test_what_a_rule_names_is_there(number: int) -> None:
    text = rules()[number]
    code = re.findall(r"`(eventstore/[\w/]+\.py)`", text)
    tests = re.findall(r"`((?:unit|integration|guards)/[\w/]+\.py)::(\w+)`", text)

    assert code, f"docs/WRITE_PATH.md, rule {number}: say where the code is."
    assert tests, f"docs/WRITE_PATH.md, rule {number}: say which test catches its loss."
    for path in code:
        assert (ROOT / path).exists(), f"docs/WRITE_PATH.md, {number}: {path} is gone."
    for path, name in tests:
        file = ROOT / "tests" / path
        assert file.exists(), f"docs/WRITE_PATH.md, rule {number}: {path} is gone."
        assert re.search(rf"def {name}\b", file.read_text("utf-8")), (
            f"docs/WRITE_PATH.md, rule {number}: {name} is not in {path} any more."
        )
