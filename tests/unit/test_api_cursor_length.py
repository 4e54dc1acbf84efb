"""A cursor of the feed comes back as it was given out, and never grows beyond what an address, a header and a parameter hold."""

from __future__ import annotations

import runpy
from typing import Any
from urllib.parse import urlencode

import pytest

from eventstore.api.feed import cursor
from eventstore.api.feed.asking import MOST_PLACES, Asked
from eventstore.api.parameters import LONGEST
from eventstore.api.problems import InvalidParameter
from eventstore.events import MAX_OFFSET, Cut
from eventstore.log.topics import Topics
from eventstore.protocol.positions import PARTITIONS
from tests.support.processes import ROOT

ABOUT = ("feed", "parent-1", "conversation")
LINE = "GET /api/v1/feed?{} HTTP/1.1"


def topics(types: int, partitions: int) -> Topics:
    return Topics({f"eventstore.t{n}": n for n in range(1, types + 1)}, partitions)


def furthest(at: Topics) -> Cut:
    """As long as a cursor gets."""
    return Cut(dict.fromkeys(at.places, MAX_OFFSET))


def asked(at: Topics, **given: Any) -> Asked:
    nothing: dict[str, Any] = dict.fromkeys(("after", "types", "limit", "wait"))
    return Asked(nothing | given, None, at)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, PARTITIONS)])
def test_a_cursor_stands_for_its_cut(shape: tuple[int, int]) -> None:
    at = topics(*shape)
    cut = furthest(at)

    text = cursor.written(cut, at, *ABOUT)

    assert cursor.read(text, at, *ABOUT) == cut
    assert len(text) <= LONGEST


def test_the_longest_cursor_fits_into_the_address_that_the_server_takes() -> None:
    at = topics(4, MOST_PLACES // 4)
    settings = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))

    text = cursor.written(furthest(at), at, *ABOUT)

    assert len(text) <= LONGEST
    query = {"after": text, "types": "t" * 300, "limit": 1_000, "wait": 30}
    assert len(LINE.format(urlencode(query))) <= settings["limit_request_line"]


def test_more_partitions_than_a_cursor_holds_are_not_followed_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eventstore.api.feed.asking.MOST_PLACES", 6)
    at = topics(3, 3)

    assert asked(at, types=("t1", "t2")).types == ("t1", "t2")
    with pytest.raises(InvalidParameter) as refused:
        asked(at, types=("t1", "t2", "t3"))

    assert refused.value.facts == {"parameter": "types"}
