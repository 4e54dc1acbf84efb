"""What a measurement makes of what it saw: figures, ratios, targets, tables, JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest

from teddy_es.bench.contestants import EMPTY, OURS, PEER, PEER_FUNCTIONS, RAW
from teddy_es.bench.crews import Sample, Threads
from teddy_es.bench.domain import PAYLOAD, texts
from teddy_es.bench.figures import Series, as_costs, compared, of_samples, percentile
from teddy_es.bench.noise import Noise
from teddy_es.bench.peer import environment
from teddy_es.bench.plan import Plan
from teddy_es.bench.report import as_json, as_lines, as_table, rows
from teddy_es.bench.targets import target


def a_series(
    contestant: str = OURS, *values: float, measure: str = "append/8"
) -> Series:
    return Series(measure, contestant, "events/s", values or (90.0, 110.0, 100.0))


# ---- figures


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 50), (95, 95), (99, 99), (100, 100)]
)
def test_a_percentile_is_a_value_that_was_seen(percent: float, value: float) -> None:
    assert percentile(range(100, 0, -1), percent) == value
    assert percentile([7.0], percent) == 7.0


def test_without_values_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_rounds_value_is_what_all_writers_did_together_in_its_seconds() -> None:
    samples = [Sample([0.1, 0.3], 0.5), Sample([0.2], 0.5)]

    series = of_samples("append/8", OURS, samples)

    assert series.values == (4.0, 2.0)
    assert series.median == 3.0
    assert (series.p50, series.p99) == (200.0, 300.0)


def test_one_call_may_stand_for_many_events() -> None:
    series = of_samples("read/stream", OURS, [Sample([0.5], 0.5)], events=10_000)

    assert series.values == (20_000.0,)


def test_a_cost_is_the_speed_the_other_way_round() -> None:
    series = as_costs("history/events", OURS, [Sample([0.1, 0.1], 0.2)])

    assert series.unit == "ms"
    assert series.values == (100.0,)


@pytest.mark.parametrize(("last", "reached"), [(1.3, True), (1.4, False)])
def test_loads_are_flat_if_the_longest_history_takes_about_as_long_as_the_shortest(
    last: float, *, reached: bool
) -> None:
    short = a_series(OURS, 1.0, 2.0, 1.0, measure="aggregates/load-10")
    long = a_series(OURS, last, 2.0, 9.0, measure="aggregates/load-10000")

    flat = compared("aggregates/flat", last=long, first=short)
    [row] = rows([flat], "embedded")

    assert flat.values == (last, 1.0, 9.0)
    assert (str(row.target), row.reached) == ("≤ 1.3", reached)


# ---- how it is measured


def test_contestants_take_turns() -> None:
    seen: list[str] = []

    def turn(name: str) -> int:
        seen.append(name)
        return len(seen)

    plan = Plan(rounds=2)
    taken = plan.alternate("x", {name: partial(turn, name) for name in "abc"})

    assert seen == list("abcabc")
    assert taken == {"a": [1, 4], "b": [2, 5], "c": [3, 6]}
    assert len(plan.noise.load) == 2


def test_a_measure_is_asked_for_by_the_end_of_its_name() -> None:
    plan = Plan(only=frozenset({"8", "8-processes"}))

    assert plan.wants("append/8")
    assert not plan.wants("append/64")
    assert Plan().wants("append/64")


@pytest.mark.parametrize("writers", [1, 3])
def test_every_writer_works_and_every_append_is_timed(writers: int) -> None:
    done: list[int] = []
    crew = Threads([partial(done.append, n) for n in range(writers)])

    sample = crew.work(0.02)

    assert set(done) == set(range(writers))
    assert len(sample.latencies) == len(done)


def test_what_fails_in_a_writer_fails_the_measurement() -> None:
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        Threads([fail, fail]).work(0.02)


def test_noise_is_told_by_its_median_and_bounds() -> None:
    noise = Noise(loop_ms=[1.0, 9.0, 2.0], fsync_ms=[1.0], load=[0.5])

    assert noise.summary()["loop_ms"] == {"median": 2.0, "min": 1.0, "max": 9.0}
    assert Noise().summary() == {}


def test_the_two_forms_of_the_peer_differ_in_one_setting() -> None:
    as_it_comes, functions = (environment(name, 8) for name in (PEER, PEER_FUNCTIONS))

    differing = {
        name for name, value in functions.items() if as_it_comes.get(name) != value
    }
    assert differing == {"POSTGRES_ENABLE_DB_FUNCTIONS", "POSTGRES_SCHEMA"}
    assert "POSTGRES_ENABLE_DB_FUNCTIONS" not in as_it_comes


def test_every_text_fills_an_event_to_the_same_size() -> None:
    text, again = texts("a"), texts("a")

    made = [text() for _ in range(50)]

    assert {len(json.dumps({"text": t}, separators=(",", ":"))) for t in made} == {
        PAYLOAD
    }
    assert len(set(made)) == 50
    assert made == [again() for _ in range(50)]


# ---- what is reported


def test_ours_is_held_against_the_peers_median() -> None:
    found = [a_series(PEER_FUNCTIONS, 80.0), a_series(PEER, 30.0, 50.0, 40.0)]

    *_, ours = rows([*found, a_series()], "embedded")

    assert ours.ratio == 2.5
    assert ours.reached is True


def test_everybody_elses_row_says_how_many_times_theirs_ours_is() -> None:
    others = [a_series(PEER, 40.0), a_series(PEER_FUNCTIONS, 80.0), a_series(RAW, 500)]

    _, *found = rows([a_series(), *others], "embedded")

    assert [row.ratio for row in found] == [2.5, 1.25, 0.2]
    assert {row.target for row in found} == {None}


def test_without_ours_nobody_has_a_ratio() -> None:
    assert [row.ratio for row in rows([a_series(PEER, 40.0)], "kafka")] == [None]


def test_a_full_store_is_held_against_an_empty_one() -> None:
    found = [
        a_series(OURS, 3.0, measure="history/events"),
        a_series(EMPTY, 2.0, measure="history/events"),
    ]

    [ours, _] = rows(found, "kafka")

    assert ours.ratio == 1.5
    assert ours.reached is False


def test_the_target_is_that_of_the_log() -> None:
    assert str(target("append/64", "embedded")) == "≥ 5\N{MULTIPLICATION SIGN}"
    assert str(target("append/64", "kafka")) == "≥ 3.5\N{MULTIPLICATION SIGN}"
    assert str(target("space/event", "embedded")) == "≤ 3,300"
    assert target("pages/events", "kafka") is not None
    assert target("nothing/known", "kafka") is None


def test_a_bound_itself_is_reached() -> None:
    least, most = target("append/8", "embedded"), target("mirror/memory", "kafka")

    assert least is not None
    assert most is not None
    assert (least.is_reached_by(2.5), least.is_reached_by(2.49)) == (True, False)
    assert (most.is_reached_by(300), most.is_reached_by(301)) == (True, False)


def test_without_the_peer_nothing_is_said_to_be_reached() -> None:
    [row] = rows([a_series()], "embedded")

    assert (row.ratio, row.reached) == (None, None)
    assert row.target is not None


def test_the_table_shows_medians_bounds_ratio_and_target() -> None:
    ours = replace(a_series(OURS, 1000.0, 3000.0, 2000.0), p50=1.234, p99=5.678)

    plain = as_table([ours, a_series(PEER, 1000.0)], "embedded", terminal=False)

    for part in ("append/8", "2,000 events/s", "1,000 … 3,000", "1.23", "5.68", "2.00"):
        assert part in plain
    assert "missed" in plain
    assert "\x1b" not in plain


def test_json_has_every_rounds_value() -> None:
    answer = as_json([a_series(), a_series(PEER, 50.0)], "embedded", {"cpus": 2})

    [ours, peer] = json.loads(json.dumps(answer))["measures"]
    assert answer["conditions"] == {"cpus": 2}
    assert ours["values"] == [90.0, 110.0, 100.0]
    assert (ours["median"], ours["min"], ours["max"]) == (100.0, 90.0, 110.0)
    assert (ours["ratio"], ours["reached"]) == (2.0, False)
    assert peer["target"] is None


def test_the_conditions_are_told_a_line_each() -> None:
    noise = Noise(loop_ms=[1.0], fsync_ms=[2.0], load=[3.0]).summary()

    told = as_lines({"cpus": 2, "kafka": None, "versions": {"a": "1"}, "noise": noise})

    assert told.splitlines() == [
        "cpus: 2",
        "versions: a 1",
        "noise, loop_ms: 1 (1 … 1)",
        "noise, fsync_ms: 2 (2 … 2)",
        "noise, load: 3 (3 … 3)",
    ]
