"""The tags that every page of the console is written with: both clocks, honest states, nothing of a hidden text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from html import unescape
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from audit.access import Viewer
from audit.drawing import bar, columns, hidden_words, runs
from audit.zones import labelled, there, zone_named, zone_names
from eventstore.lineage.fold import ERASURE, RETENTION, UNDEAD, Destroyed

NOON: Final = datetime(2026, 11, 23, 12, 0, 5, 250_000, tzinfo=UTC)
BERLIN: Final = ZoneInfo("Europe/Berlin")
FIRST: Final = datetime(1, 1, 3, tzinfo=UTC)
HOSTILE: Final = "<script>alert('x')</script>\"&"


def written(template: str, zone: tzinfo = UTC, **context: Any) -> str:
    viewer = Viewer(AnonymousUser(), NOON, zone=zone)
    loaded = Template("{% load console %}" + template)
    return loaded.render(Context({"viewer": viewer, **context})).strip()


def text(html: str) -> str:
    out, inside = [], False
    for character in html:
        inside = character == "<" or (inside and character != ">")
        out.append("" if inside or character == ">" else character)
    return " ".join(unescape("".join(out)).split())


# ---- times


def test_a_moment_is_utc_alone_for_who_has_chosen_no_zone() -> None:
    assert text(written("{% moment at %}", at=NOON)) == "2026-11-23 12:00:05.250 UTC"


def test_a_moment_stands_in_both_zones_and_each_is_named() -> None:
    shown = written("{% moment at %}", BERLIN, at=NOON)

    assert text(shown) == (
        "2026-11-23 12:00:05.250 UTC 2026-11-23 13:00:05 Berlin +01:00"
    )
    assert 'datetime="2026-11-23T12:00:05.250000Z"' in shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        # the night of 25 hours: half past two comes twice
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25 02:30:00 Berlin +02:00"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:30:00 Berlin +01:00"),
        # the night of 23 hours: half past two does not come
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "2026-03-29 01:59:00 Berlin +01:00"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29 03:00:00 Berlin +02:00"),
        # another day there
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "2027-01-01 00:30:00 Berlin +01:00"),
        # before there were zones
        (datetime(1880, 1, 1, tzinfo=UTC), "1880-01-01 00:53:28 Berlin +00:53:28"),
    ],
)  # fmt: skip
def test_a_night_with_a_clock_change_is_told_apart(at: datetime, shown: str) -> None:
    assert text(written("{% moment at %}", BERLIN, at=at)).endswith(shown)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"])
@pytest.mark.parametrize(
    "at",
    [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)],
)
def test_the_ends_of_the_calendar_are_shown(at: datetime, zone: str) -> None:
    shown = text(written("{% moment at %}", ZoneInfo(zone), at=at))

    assert shown.startswith(f"{at.year:04}-")


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        (UTC, "2026-11-23 12:00:05 UTC"),
        (BERLIN, "2026-11-23 12:00:05 UTC · 13:00:05 Berlin +01:00"),
    ],
)
def test_our_own_clock_is_said_to_the_second(zone: tzinfo, shown: str) -> None:
    assert text(written("{% clock at %}", zone, at=NOON)) == shown


def test_a_time_that_is_not_known_is_no_time() -> None:
    assert text(written("{% moment at %}", BERLIN, at=None)) == "Unavailable"


@given(
    st.timedeltas(timedelta(0), timedelta(days=3_652_000)).map(FIRST.__add__),
    st.sampled_from(sorted(zone_names())),
)  # fmt: skip
def test_what_is_labelled_gives_the_instant_back(at: datetime, name: str) -> None:
    zone = zone_named(name)
    assert zone is not None
    local = there(at, zone)
    assert local is not None

    offset = labelled(local).rpartition(" ")[2]
    sign = -1 if offset.startswith("-") else 1
    hours, minutes, *rest = (int(part) for part in offset[1:].split(":"))
    seconds = sign * (hours * 3600 + minutes * 60 + sum(rest))
    back = local.replace(tzinfo=timezone(timedelta(seconds=seconds)))
    assert back == at


def test_negative_offsets_and_names_with_underscores() -> None:
    at = there(NOON, ZoneInfo("America/St_Johns"))

    assert at is not None
    assert labelled(at) == "St Johns -03:30"


@pytest.mark.parametrize("name", ["", "utc", "../etc/passwd", "Europe", "Mars/Base", "\0", "localtime"])  # fmt: skip
def test_what_is_no_zone_is_none(name: str) -> None:
    assert zone_named(name) is None


def test_utc_comes_first_and_every_zone_is_there() -> None:
    assert zone_names()[0] == "UTC"
    assert "Europe/Berlin" in zone_names()
    assert len(set(zone_names())) == len(zone_names())
    assert zone_named("UTC") is UTC


# ---- states


def test_a_chip_says_the_same_by_symbol_word_and_tone() -> None:
    shown = written('{% chip "bad" "critical" word %}', word=HOSTILE)

    assert 'class="chip" data-tone="bad"' in shown
    assert "#i-critical" in shown
    assert "<script" not in shown
    assert text(shown) == HOSTILE


def test_unavailable_gives_the_reason_and_since_when() -> None:
    shown = written("{% unavailable reason since %}", reason=HOSTILE, since=NOON)

    assert "<script" not in shown
    assert text(shown) == f"Unavailable {HOSTILE}, since 2026-11-23 12:00:05.250 UTC"


def test_unavailable_alone() -> None:
    assert text(written("{% unavailable %}")) == "Unavailable"


@pytest.mark.parametrize(
    ("erased", "said"),
    [
        (Destroyed(NOON, ERASURE, HOSTILE), f"request {HOSTILE}"),
        (Destroyed(NOON, ERASURE, None), "a request whose name is not known"),
        (Destroyed(NOON, RETENTION, None), "its time of keeping was over"),
        (Destroyed(NOON, UNDEAD, None), "the key had come back"),
    ],
)
def test_what_is_erased_says_when_and_by_which_request(
    erased: Destroyed, said: str
) -> None:
    for template in ("{% erased one %}", "{% erased_here one %}"):
        shown = written(template, one=erased)

        assert "<script" not in shown
        assert said in text(shown)
        assert "2026-11-23 12:00:05.250 UTC" in text(shown)


def test_a_part_that_could_not_be_made_says_so() -> None:
    shown = written(
        '{% unavailable_here "The queue" reason at %}', reason=HOSTILE, at=NOON
    )

    assert "<script" not in shown
    assert f"The queue: unavailable. {HOSTILE} Since 2026" in text(shown)


def test_what_is_empty_says_what_was_looked_for() -> None:
    shown = written("{% empty title title %}", title=HOSTILE)

    assert "<script" not in shown
    assert text(shown) == HOSTILE * 2


def test_trouble_says_what_to_do() -> None:
    shown = written("{% trouble why what %}", why=HOSTILE, what="Try again.")

    assert "<script" not in shown
    assert text(shown) == f"{HOSTILE}Try again."


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (185.2, "3 min 5 s"), (None, "Unavailable")]
)
def test_an_age_that_is_not_known_is_not_zero(
    seconds: float | None, shown: str
) -> None:
    assert text(written("{% age seconds %}", seconds=seconds)) == shown


# ---- what is drawn


@pytest.mark.parametrize(
    ("words", "said"), [(0, "Hidden, 0 words"), (1, "Hidden, 1 word"), (1200, "Hidden, 1,200 words")]
)  # fmt: skip
def test_a_hidden_text_shows_its_number_of_words_alone(words: int, said: str) -> None:
    shown = written("{% masked words %}", words=words)

    assert text(shown) == said
    assert shown.count("<rect") == min(words, 8)


@given(st.integers(-3, 40), st.integers(0, 12))
def test_bars_of_hidden_words_do_not_touch_and_fit(words: int, most: int) -> None:
    drawn = hidden_words(words, most=most)

    assert drawn.count("<rect") == min(max(words, 0), most)
    assert drawn == hidden_words(words, most=most)


@given(st.floats(allow_nan=False), st.lists(st.floats(allow_nan=False), max_size=3))
def test_a_bar_stays_within_its_box(share: float, marks: list[float]) -> None:
    drawn = bar(share, "bad", marks)

    numbers = [float(part.split('"')[1]) for part in drawn.split("rect ")[1:] if part.startswith("width")]  # fmt: skip
    assert all(0 <= one <= 100 for one in numbers)


def test_the_newest_run_stands_at_the_right() -> None:
    drawn = runs(["ok", "late", "missed", "bad"], most=4)

    assert drawn.index('class="ok"') < drawn.index('class="late"')
    assert 'd="M18.6 ' in drawn
    assert runs(["ok"], most=4).count('x="18.6"') == 1
    assert runs(["bad", *["ok"] * 4], most=4).count("path") == 0


def test_what_is_there_is_seen_beside_what_is_huge() -> None:
    drawn = columns([0, 1, 1_000_000], width=30, height=10)

    assert drawn.count("<rect") == 2
    assert 'y="9" width="8.0" height="1"' in drawn
    assert 'y="0" width="8.0" height="10"' in drawn
    assert columns([]).count("<rect") == 0


def test_nothing_is_drawn_by_style() -> None:
    for drawn in (hidden_words(3), bar(0.5, "bad", [0.2]), runs(["ok"]), columns([1])):
        assert "style" not in drawn
        assert 'aria-hidden="true"' in drawn
