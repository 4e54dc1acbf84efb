"""The guide's project, which is not about bears, written out and run: on the core as it is, on a database of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.plugins.guide_project import Project

FOREIGN = ("teddy_es", "audit")


def test_it_is_set_up_used_and_has_its_snapshots(project: Project) -> None:
    manage = ("-m", "django")

    project.run(*manage, "makemigrations", "library", "--verbosity", "0")
    project.run(*manage, "check")
    project.run(*manage, "migrate", "--verbosity", "0")
    assert "eventstore.loan" in project.run(*manage, "create_topics", "--json")
    project.run("-c", "import django; django.setup(); import library.desk")
    assert '"snapshots": 1' in project.run(*manage, "build_snapshots", "--json")
    assert (
        len(project.run(*manage, "read_stream", "loan.loan-1", "--json").splitlines())
        == 31
    )
    project.run(*manage, "verify")


def test_it_needs_nothing_of_ours_but_the_core(project: Project) -> None:
    loaded = project.run(
        "-c",
        "import django, sys; django.setup(); import eventstore.service, eventstore.tasks\n"
        "print(*{name.partition('.')[0] for name in sys.modules})",
    ).split()

    assert "eventstore" in loaded
    assert not set(FOREIGN) & set(loaded)


def test_its_tests_are_green(project: Project) -> None:
    """The golden file's, and the contract suites on an adapter that is neither of ours."""
    said = project.run("-m", "pytest", "-v", "-p", "no:cacheprovider", "tests")

    ran = re.findall(r"^tests/\w+\.py::(\w+).* PASSED", said, re.MULTILINE)
    assert {"TestPaperLog", "TestPaperStore", "TestPaperSnapshots"} <= set(ran)
    assert "test_what_was_ever_written_is_read_as_the_class_of_today" in ran
