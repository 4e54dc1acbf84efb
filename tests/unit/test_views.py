"""Views are bounded together: the largest forgets first, and what is fresh is no longer taken for fresh."""

from __future__ import annotations

from uuid import uuid4

from eventstore.events import Place
from eventstore.indexer.view import View
from eventstore.indexer.views import Views


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
