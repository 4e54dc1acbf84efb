"""Pages of a stream by arithmetic, against a list that is cut into pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eventstore.api.windows import Window

windows = st.builds(
    Window,
    st.integers(1, 8),
    st.integers(0, 8),
    st.integers(1, 4),
    backwards=st.booleans(),
)


def whole(window: Window) -> list[int]:
    """The list that is cut into pages."""
    versions = list(range(window.first, window.last + 1))
    return versions[::-1] if window.backwards else versions


def page(window: Window, *, shown: int | None = None) -> list[int]:
    """What is on it; shown: how many fit."""
    lowest, highest = window.page
    versions = list(range(lowest, highest + 1))
    return (versions[::-1] if window.backwards else versions)[:shown]


def at(window: Window, place: int | None) -> Window:
    return Window(window.first, window.last, window.size, place, window.backwards)


@given(windows)
def test_page_by_page_the_list_is_shown_once(window: Window) -> None:
    shown, place, pages = page(window), window.next(len(page(window))), 1
    while place is not None:
        assert pages <= len(whole(window))
        here = at(window, place)
        shown += page(here)
        place, pages = here.next(len(page(here))), pages + 1

    assert shown == whole(window)


@given(windows, st.lists(st.integers(1, 4), min_size=8, max_size=8))
def test_pages_that_end_early_leave_nothing_out(
    window: Window, fits: list[int]
) -> None:
    here, shown = window, []
    for fit in fits:
        some = page(here, shown=fit)
        shown += some
        place = here.next(len(some))
        if place is None:
            break
        here = at(window, place)

    assert shown == whole(window)[: len(shown)]
    assert here.next(len(some)) is not None or shown == whole(window)


@given(windows, st.integers(0, 7))
def test_the_page_before_ends_where_this_one_begins_or_is_the_first(
    window: Window, skipped: int
) -> None:
    listed = whole(window)
    if skipped >= len(listed):
        return
    here = at(window, listed[skipped])

    before = here.previous

    if skipped == 0:
        assert before is None
        return
    assert before is not None
    shown = page(at(window, before))
    assert shown == listed[: window.size] or shown[-1] == listed[skipped - 1]
    assert shown[0] == listed[max(0, skipped - window.size)]


def test_a_list_without_versions_has_no_pages_beside_it() -> None:
    for backwards in (False, True):
        window = Window(5, 4, 3, backwards=backwards)

        assert page(window) == []
        assert (window.next(0), window.previous) == (None, None)
