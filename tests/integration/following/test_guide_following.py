"""The follower and the projection that the guide writes, as processes: killed in a loop, and rebuilt under readers."""

from __future__ import annotations

import json
import random
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.plugins.guide_project import Project

MANAGE = ("-m", "django")
FOLLOW = (*MANAGE, "subscriptions", "run")
LOANS, EXTENSIONS, KILLS = 40, 20, 10
WRITE = f"""
import django; django.setup()
from eventstore.service import get_service
from library.loans import Loan
loans = get_service().repository_for(Loan)
for n in range({LOANS}):
    loan = Loan(f"written-{{n}}")
    loan.open("Momo")
    loans.save(loan)
    for _ in range({EXTENSIONS}):
        loan.extend(1)
        loans.save(loan)
"""
WRITE_ON = """
import django; django.setup()
import itertools, pathlib
from eventstore.service import get_service
from library.loans import Loan
loans = get_service().repository_for(Loan)
for n in itertools.count():
    loan = Loan(f"written-{n}")
    loan.open("Momo")
    loans.save(loan)
    for _ in range(20):
        loan.extend(1)
        loans.save(loan)
    if pathlib.Path("enough").exists():
        break
"""
LETTERS = "SELECT loan, version FROM library_letter ORDER BY id"


@pytest.fixture
def library(project: Project) -> Project:
    """Set up as the guide says."""
    project.run(*MANAGE, "makemigrations", "library", "--verbosity", "0")
    project.run(*MANAGE, "migrate", "--verbosity", "0")
    project.run(*MANAGE, "create_topics", "--json")
    return project


def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for it; fail after two minutes."""
    for _ in range(2_400):
        if condition():
            return
        threading.Event().wait(0.05)
    pytest.fail(f"never: {what}")


def handled(library: Project) -> int:
    return len(library.rows(LETTERS))


def test_it_survives_kills_in_a_loop(library: Project) -> None:
    """Each is killed when it has handled some letters more, seeded, while the writer goes on until all are killed."""
    chance = random.Random(11)  # noqa: S311  (repeatable)
    with library.running("-c", WRITE_ON) as writer:
        for _ in range(KILLS):
            wanted = handled(library) + chance.randint(1, 40)
            with library.running(*FOLLOW), library.running(*FOLLOW):
                until(lambda: handled(library) >= wanted, "some letters more")  # noqa: B023  (at once)
            assert writer.poll() is None
        (library.path / "enough").touch()
        assert writer.wait(120) == 0
    written = sum(version > 1 for _, version in events(library))
    with library.running(*FOLLOW):
        until(lambda: handled(library) >= written, "all letters")

    found: dict[str, list[int]] = {}
    for loan, version in library.rows(LETTERS):
        found.setdefault(loan, []).append(version)
    assert sum(map(len, found.values())) == written
    assert all(seen == list(range(2, len(seen) + 2)) for seen in found.values())


def events(library: Project) -> list[tuple[str, int]]:
    """All that were accepted."""
    found = library.rows("SELECT stream_id, version FROM eventstore_event")
    return [(str(stream), int(version)) for stream, version in found]


def test_a_view_waits_for_its_own_letter(library: Project) -> None:
    with library.running(*FOLLOW):
        until(lambda: listed(library), "a subscription")
        said = library.run(
            "-c",
            "import django; django.setup()\n"
            "import library.desk\n"
            "from library.counter import extend, loans\n"
            "from library.loans import Loan\n"
            "loan = Loan('waited'); loan.open('Momo'); loans.save(loan)\n"
            "print(extend('waited', 7))",
        )

    assert said.splitlines()[-1] == "You may keep it for 7 days more."


def listed(library: Project) -> list[Any]:
    found: list[Any] = json.loads(
        library.run(*MANAGE, "subscriptions", "list", "--json")
    )
    return found


def test_the_projection_from_the_first_line_to_its_rebuild(library: Project) -> None:
    library.run("-c", WRITE)
    books = "SELECT days, extensions, count(*) FROM library_bookout GROUP BY 1, 2"
    with library.running(*FOLLOW):
        until(
            lambda: library.rows(books) == [(EXTENSIONS, 0, LOANS)], "all that is out"
        )
    library.set(
        'EVENTSTORE["PROJECTIONS"] = ["library.shelf.BooksOut", "library.shelf.BooksOutFromTheFirstDay"]'
    )
    with library.running(*FOLLOW), reading(library, books) as seen:
        built = projections(library, "build", "books_out")
        assert (built["complete"], built["events"]) == (True, LOANS * (EXTENSIONS + 1))
        assert library.rows(books) == [(EXTENSIONS, 0, LOANS)]
        assert not projections(library, "list")[1]["read"]
        with pytest.raises(AssertionError, match="The two versions differ"):
            projections(library, "compare", "books_out")
        switched = projections(
            library,
            *("switch", "books_out", "--accept-differences"),
            *("--reason", "30 days from the start"),
        )
        assert library.rows(books) == [(30 + EXTENSIONS, EXTENSIONS, LOANS)]
        # whoever read meanwhile saw the one version whole, or the other
        assert seen <= {(EXTENSIONS, 0, LOANS), (30 + EXTENSIONS, EXTENSIONS, LOANS)}
        assert seen
        library.run("-c", WRITE.replace("written-", "later-"))
        until(
            lambda: library.rows(books) == [(30 + EXTENSIONS, EXTENSIONS, 2 * LOANS)],
            "what came after the switch",
        )
    projections(library, "drop", "books_out", "1", "--reason", "nobody missed it")

    [table] = switched["tables"]
    assert (table["old_rows"], table["new_rows"], table["is_same"]) == (
        LOANS,
        LOANS,
        False,
    )


@contextmanager
def reading(library: Project, query: str) -> Iterator[set[tuple[Any, ...]]]:
    """Read all the while, until the block has looked at what was seen and the readers are told to stop."""
    seen: set[tuple[Any, ...]] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.wait(0.01):
            rows = library.rows(query)
            if len(seen) < 2:
                seen.update(rows)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def projections(library: Project, *words: str) -> Any:
    said = library.run(*MANAGE, "projections", *words, "--json")
    return json.loads(said.splitlines()[-1])  # its log goes the same way
