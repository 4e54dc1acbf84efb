"""A tiny measurement of the console's pages: each that is in the list, beside Django's own change list."""

from __future__ import annotations

import pytest

from audit.frame.page import Page
from audit.pages import PAGES
from teddy_es.bench.visits import NOT_ASKED, VISITS, Shelf
from tests.integration.project.test_bench import measured

# a measurement's world has tables of both databases, and the project's own stream types
pytestmark = [
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.usefixtures("teddy_store"),
]


def test_every_page_is_measured_beside_djangos_own_list() -> None:
    found = measured("pages", seconds=0.01)

    for measure in VISITS:
        ours, stock = found[measure, "teddy"], found[measure, "django-admin"]
        assert ours["ratio"] == ours["median"] / stock["median"]
        page = measure.removeprefix("pages/")
        assert found[f"queries/{page}", "teddy"]["median"] > 0
        assert (
            found[f"bytes/{page}", "teddy"]["target"]
            == "\N{LESS-THAN OR EQUAL TO} 200,000"
        )
    assert found["pages/ledger-record", "teddy"]["median"] > 0
    assert found["people/conversations", "teddy"]["median"] > 0
    asked = {measure.removeprefix("pages/") for measure in VISITS}
    listed = {page.name for page in PAGES if isinstance(page, Page)}
    assert listed - asked == NOT_ASKED


def test_one_page_alone_can_be_measured() -> None:
    found = measured("pages", seconds=0.01, only=("jobs",))

    assert [one for one in found if one[0].startswith("pages/")] == [
        ("pages/jobs", "teddy"),
        ("pages/jobs", "django-admin"),
    ]


def test_a_route_whose_names_nobody_knows_says_where_to_teach_it() -> None:
    with pytest.raises(LookupError, match=r"visits\.py"):
        Shelf().arguments("nowhere/<str:nothing>/")
