"""What README and docs show as Python runs as it stands."""

from __future__ import annotations

import doctest
import io
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from eventstore.store import _the_store, get_event_store
from tests.guards.snippets import SENT, Block, blocks_in, blocks_of, pages
from tests.guards.sources import name_of
from tests.support import curl
from tests.support.families import handle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.plugins.outside import Installation

BLOCKS = [block for page in pages() for block in blocks_of(page)]
# How many blocks of a page do not run. Each has its reason on the page; a further one needs a reviewer's eyes here.
SKIPPED: dict[str, int] = {}


@pytest.fixture
def store_with_topics(transactional_db: None, settings: Settings) -> Iterator[None]:
    """What `get_event_store()` gives works, on the embedded log."""
    settings.EVENTSTORE = {**settings.EVENTSTORE, "LOG": "embedded"}
    _the_store.cache_clear()
    call_command("create_topics", stdout=io.StringIO())
    yield
    get_event_store().close()
    _the_store.cache_clear()


@pytest.fixture
def installation_in_the_environment(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where, and by which token, as the page tells its reader to set them."""
    monkeypatch.setenv("API", f"{installation.url}/api/v1")
    monkeypatch.setenv("TOKEN", installation.token)


# the mark, because a fixture that is only asked for later does not make pytest-django empty the tables
@pytest.mark.django_db(transaction=True, databases="__all__")
@pytest.mark.parametrize("page", [name_of(page) for page in pages() if blocks_of(page)])
def test_the_python_of_a_page_runs(page: str, request: pytest.FixtureRequest) -> None:
    blocks = [b for b in BLOCKS if b.page == page and not b.skip and not b.file]
    names: dict[str, Any] = {"__name__": "snippet"}
    if any(block.needs_store for block in blocks):
        request.getfixturevalue("store_with_topics")
    if any(block.needs_api for block in blocks):
        request.getfixturevalue("installation_in_the_environment")

    for block in blocks:
        run(block, names)
        if block.needs_api:
            handle()  # as the workers of an installation do


def test_blocks_that_do_not_run_are_counted_and_give_a_reason() -> None:
    skipped = [block for block in BLOCKS if block.skip is not None]
    counts = {
        page: len(list(group)) for page, group in groupby(skipped, lambda b: b.page)
    }

    assert counts == SKIPPED, (
        "Blocks that do not run can be wrong without anybody noticing. Let them run, or count them in SKIPPED"
        f" (tests/guards/test_snippets.py): {counts}"
    )
    for block in skipped:
        assert block.skip, f"{block}: `<!-- test: skip REASON -->` lacks its reason."


# ---- the runner itself


def test_the_runner_finds_blocks_and_what_skips_them() -> None:
    text = (
        "a\n```python\nx = 1\n```\n<!-- test: skip no broker -->\n```python\ny\n```\n```bash\nz\n```\n"
        "<!-- test: store -->\n```python\nz\n```\n<!-- test: file a/b.py -->\n```python\nf\n```\n"
    )

    found = blocks_in(text, "page")

    assert found == [
        Block("page", 2, "python", "x = 1\n"),
        Block("page", 6, "python", "y\n", skip="no broker"),
        Block("page", 13, "python", "z\n", needs_store=True),
        Block("page", 17, "python", "f\n", file="a/b.py"),
    ]


def test_the_runner_refuses_a_block_without_an_end() -> None:
    with pytest.raises(ValueError, match="page:1"):
        blocks_in("```python\nx = 1\n", "page")


def test_the_runner_refuses_a_mark_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="page:1"):
        blocks_in("<!-- test: sometimes -->\n```python\nx = 1\n```\n", "page")


def test_the_runner_notices_what_is_wrong() -> None:
    with pytest.raises(ZeroDivisionError):
        run(Block("page", 1, "python", "1 / 0\n"), {})
    with pytest.raises(pytest.fail.Exception, match="page:1"):
        run(Block("page", 1, "pycon", ">>> 1 + 1\n3\n"), {})


def test_blocks_of_a_page_share_their_names() -> None:
    names: dict[str, Any] = {}

    run(Block("page", 1, "python", "x = 20\n"), names)
    run(Block("page", 5, "pycon", ">>> x + 1\n21\n"), names)


def run(block: Block, names: dict[str, Any]) -> None:
    """Run one block; what is wrong raises, or fails with the place on the page."""
    if block.language == SENT:
        for answer in curl.run(block.code, curl.from_environment()):
            assert answer, f"{block}: an answer is empty"
        return
    if block.language == "python":
        # line numbers as on the page, so that a traceback points there
        source = "\n" * block.line + block.code
        # as a reader's own file, which has no `from __future__ import annotations`
        code = compile(source, block.page, "exec", dont_inherit=True)
        exec(code, names)  # noqa: S102  (our own documentation)
        return
    test = doctest.DocTestParser().get_doctest(
        block.code, names, str(block), block.page, block.line
    )
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    if runner.failures:
        pytest.fail(f"{block}: it says something else now.\n{''.join(said)}")
