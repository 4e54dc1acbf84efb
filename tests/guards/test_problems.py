"""Every refusal of the API stands in one list, says what resolves it, and carries what the list says."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from django.core.management import get_commands

from eventstore.api import problems
from eventstore.api.catalogue import Entry, catalogue
from eventstore.api.openapi.refusals import FACTS
from eventstore.api.problems import ApiProblem
from eventstore.api.resolving import RESOLVED
from scripts.errors import PAGE, text
from tests.guards.sources import ROOT, name_of, python_files
from tests.guards.test_errors import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "eventstore/api/problems.py"
OWN = {
    name: one
    for name, one in vars(problems).items()
    if isinstance(one, type) and issubclass(one, ApiProblem) and one is not ApiProblem
}
ALL = list(catalogue().values())


def test_the_page_of_errors_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == text(), "Run: python -m scripts.errors"


def test_every_error_of_the_store_has_its_own_sentence() -> None:
    codes = {error.code for error in CLASSES}

    assert codes == set(RESOLVED), (
        "eventstore/api/resolving.py: say what resolves each error of the store, and no other:"
        f" {sorted(codes ^ set(RESOLVED))}"
    )
    assert len(set(RESOLVED.values())) == len(RESOLVED), "Say what helps here alone."


def test_a_code_is_of_one_refusal_alone() -> None:
    codes = [one.code for one in OWN.values()] + [one.code for one in CLASSES]

    twice = {code for code in codes if codes.count(code) > 1}
    assert not twice, f"{twice}: programs tell refusals apart by the code."
    assert set(codes) == set(catalogue())


def test_all_refusals_of_the_api_stand_in_one_file() -> None:
    strays = [
        name_of(path)
        for path in python_files("eventstore", "audit", "teddy_es")
        if name_of(path) not in (HERE, "eventstore/api/answering.py")
        and re.search(r"\((problems\.)?ApiProblem\):", path.read_text("utf-8"))
    ]

    assert not strays, f"{strays}: move the class to {HERE}: docs/ERRORS.md lists it."


@pytest.mark.parametrize("entry", ALL, ids=lambda e: e.code)
def test_what_resolves_it_can_be_found(entry: Entry) -> None:
    """Commands and pages that a sentence names are there."""
    known = set(get_commands())

    commands = re.findall(r"manage\.py (\w+)", entry.resolve)
    pages = re.findall(r"docs/[\w/]+\.md", entry.resolve)
    titles = re.findall(r'docs/([\w/]+\.md), "([^"]+)"', entry.resolve)

    assert entry.happened.endswith((".", "…"))
    assert entry.resolve.endswith(".")
    assert set(commands) <= known
    assert [page for page in pages if not (ROOT / page).is_file()] == []
    for page, title in titles:
        text_of = (ROOT / "docs" / page).read_text("utf-8")
        assert re.search(rf"^#+ {re.escape(title)}$", text_of, re.MULTILINE)


def test_an_answer_carries_what_its_refusal_says_that_it_does() -> None:
    wrong = [
        f"{place}: {name}({fact}=…)"
        for place, name, fact in facts_given()
        if fact not in OWN[name].carries
    ]

    assert not wrong, f"{wrong}: name it in `carries` in {HERE}."


def test_the_schema_knows_the_type_of_every_fact() -> None:
    carried = {fact for entry in ALL for fact in entry.facts}

    assert carried <= set(FACTS), "eventstore/api/openapi/refusals.py: FACTS"


def facts_given() -> Iterator[tuple[str, str, str]]:
    """Where a refusal of the API's own is made, which, and the facts that it is given."""
    for path in python_files("eventstore", "audit", "teddy_es"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                if name in OWN:
                    place = f"{name_of(path)}:{node.lineno}"
                    for given in node.keywords:
                        if given.arg not in (None, "retry_after", "detail"):
                            yield place, name, str(given.arg)
