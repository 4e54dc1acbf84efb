"""Views are bounded together: the largest forgets first, and what is fresh is no longer taken for fresh."""

from __future__ import annotations

from uuid import uuid4

import pytest

from eventstore.events import Place
from eventstore.indexer.view import View
from eventstore.indexer.views import Views
from eventstore.protocol.fold import Folded


def view(n: int, *, heads: int, ids: int = 0) -> View:
    """One that knows so many."""
    made = View(Place("eventstore.order", n), n, 0, uuid4(), 3, 1, 0)
    made.heads = {f"order.{i}": i for i in range(heads)}
    made.commits = {(f"order.{i}", uuid4()) for i in range(ids)}
    return made


def settled(*views: View, max_bytes: int) -> Views:
    """All of them, after they have changed."""
    found = Views(max_bytes)
    found |= {one.place: one for one in views}
    found.settle(list(found))
    return found


def test_what_fits_is_kept() -> None:
    small, large = view(0, heads=1), view(1, heads=3, ids=1)
    room = small.size + large.size

    settled(small, large, max_bytes=room)

    assert [len(one.heads) for one in (small, large)] == [1, 3]


def test_the_largest_forgets_first_and_no_more_than_need_be() -> None:
    small, large = view(0, heads=1), view(1, heads=3, ids=1)
    before = large.serial

    settled(small, large, max_bytes=small.size + large.size - 1)

    assert [len(one.heads) for one in (small, large)] == [1, 0]
    assert (large.commits, large.serial != before) == (set(), True)


def test_views_that_are_gone_take_no_room() -> None:
    gone, there = view(0, heads=5), view(1, heads=3)
    views = settled(gone, there, max_bytes=gone.size + there.size)
    del views[gone.place]
    other = views[Place("eventstore.order", 2)] = view(2, heads=5)

    views.settle([other.place])

    assert [len(one.heads) for one in (there, other)] == [3, 5]


def folded(*, heads: int, commits: int, events: int) -> Folded:
    """What a fold adds to a state."""
    return Folded(
        [],
        2,
        9,
        {f"order.{i}": 7 for i in range(heads)},
        {("order.a", uuid4()) for _ in range(commits)},
        {("order.a", uuid4()) for _ in range(events)},
    )


@pytest.mark.parametrize(
    ("heads", "commits", "events", "left"),
    [(2, 1, 2, (2, 3)), (3, 1, 2, (0, 3)), (2, 2, 2, (2, 0)), (3, 4, 0, (0, 0))],
)
def test_a_view_takes_over_what_was_folded_and_forgets_beyond_its_bounds(
    heads: int, commits: int, events: int, left: tuple[int, int]
) -> None:
    one = View(Place("eventstore.order", 0), 0, 5, uuid4(), 3, 1, 0)
    one.max_heads, one.max_ids, one.is_overtaken = 2, 3, True
    before = one.serial

    one.move(folded(heads=heads, commits=commits, events=events), 6)

    assert (len(one.heads), len(one.commits) + len(one.event_ids)) == left
    assert (one.serial == before) == (left[1] > 0)
    assert (one.cursor, one.rule_version, one.last_recorded_at) == (6, 2, 9)
    assert not one.is_overtaken


def test_a_view_lacks_the_streams_that_it_does_not_know_each_once() -> None:
    assert view(0, heads=2).lacks(["order.1", "order.9", "order.9"]) == ["order.9"]


def test_a_view_is_as_large_as_all_that_it_knows() -> None:
    heads, commits = view(0, heads=1).size, view(0, heads=0, ids=1).size
    one = view(0, heads=2, ids=1)
    one.event_ids = {("order.a", uuid4()), ("order.a", uuid4())}

    assert one.size == 2 * heads + 3 * commits
    assert commits > 300 < heads
