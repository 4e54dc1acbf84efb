"""Rules 1 to 5, through the real store: what the fold decides, whoever folds and whatever else lies in the log."""

from __future__ import annotations

from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from eventstore import metrics
from eventstore.errors import (
    AppendOutcomeUnknown,
    UnknownRuleVersion,
    WrongExpectedVersion,
)
from eventstore.events import Expected, Place
from eventstore.protocol.codec import encode_activation
from eventstore.protocol.placement import partition_of
from eventstore.testing.faulty_log import COPY_LATE
from tests.support.worlds import FaultyStore, World, changed, record, versions

# ---- rule 1: the first record of a stream with a commit id decides it for ever; ids are unique per stream


def test_a_copy_that_lands_after_a_refusal_stays_refused_though_it_would_fit_now(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    audited.network.then(COPY_LATE)
    with pytest.raises(WrongExpectedVersion):
        here.append(stream, [changed()], Expected.STREAM_EXISTS, commit_id=commit)
    there.append(stream, [changed()], Expected.NO_STREAM)

    audited.network.land(audited.log)
    audited.fold(there)
    one_by_one = audited.verdicts(audited.place(stream))
    audited.lose_folds(audited.place(stream), 0)
    audited.fold(here)

    assert one_by_one == ["wrong_expected_version", "accepted", "duplicate"]
    assert audited.verdicts(audited.place(stream)) == one_by_one
    assert versions(here, stream) == [1]


def test_a_copy_that_lands_after_other_commits_changes_nothing(
    audited: World, here: FaultyStore, there: FaultyStore
) -> None:
    stream, commit = audited.stream(), uuid4()
    audited.network.then(COPY_LATE)
    first = here.append(stream, [changed()], Expected.ANY, commit_id=commit)
    there.append(stream, [changed()], 1)

    audited.network.land(audited.log)
    again = there.append(stream, [changed()], Expected.ANY, commit_id=commit)

    assert (again.first_version, again.positions) == (1, first.positions)
    assert versions(there, stream) == [1, 2]


@pytest.mark.parametrize("partition", [0, 1], ids=["same partition", "another one"])
def test_ids_belong_to_their_stream_alone(
    audited: World, here: FaultyStore, there: FaultyStore, partition: int
) -> None:
    one, other = audited.stream(0, 0), audited.stream(partition, 1)
    commit, event = uuid4(), uuid4()

    first = here.append(one, [changed(1, event)], 0, commit_id=commit)
    second = there.append(other, [changed(1, event)], 0, commit_id=commit)

    assert (first.replayed, second.replayed) == (False, False)
    assert first.positions != second.positions
    assert versions(here, one) == versions(here, other) == [1]
    found = [d.commit.stream_id for d in here.outcome(commit).decided]
    assert sorted(found) == sorted([one, other])


# ---- rule 2: a record counts in one place only


def test_a_record_in_another_partition_is_malformed_and_its_stream_does_not_feel_it(
    audited: World, here: FaultyStore
) -> None:
    stream, wrong = audited.stream(0), Place(f"eventstore.{audited.stream_type}", 1)
    audited.foreign(wrong, record(stream), stream.encode())
    audited.fold(here)

    result = here.append(stream, [changed()], Expected.NO_STREAM)

    assert audited.verdicts(wrong) == ["malformed"]
    assert result.first_version == 1


def test_a_record_in_another_topic_is_malformed(
    audited: World, here: FaultyStore
) -> None:
    foreign = "basket.b1"
    place = Place(f"eventstore.{audited.stream_type}", partition_of(foreign, 3))
    audited.foreign(place, record(foreign), foreign.encode())

    audited.fold(here)

    assert audited.verdicts(place) == ["malformed"]


def test_ten_thousand_ids_spread_evenly_over_six_partitions() -> None:
    counts = [0] * 6
    for n in range(10_000):
        counts[partition_of(f"conversation.conv-{n}", 6)] += 1

    assert max(counts) <= 1.1 * 10_000 / 6, counts


# ---- rule 3: a rule version is switched on in the log


def test_a_rule_version_that_nobody_switched_on_is_malformed(
    audited: World, here: FaultyStore
) -> None:
    stream = audited.stream()
    audited.foreign(audited.place(stream), record(stream, v=2), stream.encode())

    here.append(stream, [changed()], Expected.NO_STREAM)

    assert audited.verdicts(audited.place(stream)) == ["malformed", "accepted"]


def test_an_activation_that_this_code_does_not_know_stops_its_partition_loudly(
    world: World,
) -> None:
    here, stream, elsewhere = world.store(), world.stream(0), world.stream(1)
    place = world.place(stream)
    here.append(stream, [changed()], Expected.ANY)
    world.foreign(place, encode_activation(2), None)

    with pytest.raises(AppendOutcomeUnknown) as stopped:
        here.append(stream, [changed()], Expected.ANY)

    cause = stopped.value.__cause__
    assert isinstance(cause, UnknownRuleVersion)
    assert (cause.topic, cause.partition, cause.offset) == (place.topic, 0, 1)
    assert str(place) in str(cause)
    assert "offset 1" in str(cause)
    assert world.verdicts(place) == ["accepted"]
    assert world.cursor(place) == 1
    assert here.append(elsewhere, [changed()], Expected.ANY).first_version == 1
    with pytest.raises(UnknownRuleVersion):
        here.outcome(uuid4(), stream)


def test_what_lies_before_an_unknown_activation_is_still_folded(world: World) -> None:
    here, stream = world.store(), world.stream(0)
    place = world.place(stream)
    world.foreign(place, record(stream), stream.encode())
    world.foreign(place, encode_activation(2), None)
    world.foreign(place, record(stream, v=2), stream.encode())

    with pytest.raises(UnknownRuleVersion):
        world.fold(here)

    assert world.verdicts(place) == ["accepted"]
    assert versions(here, stream) == [1]


# ---- rule 4: recorded_at never runs backwards


def test_a_broker_whose_clock_ran_back_does_not_take_recorded_at_with_it(
    audited: World, here: FaultyStore
) -> None:
    stream, ahead = audited.stream(), 4_000_000_000_000
    sql = """
      WITH t AS (SELECT id FROM eventstore_logtopic WHERE name = %s), moved AS (
        UPDATE eventstore_logtail SET next_offset = 1 FROM t WHERE topic = t.id AND partition = 0)
      INSERT INTO eventstore_logrecord SELECT t.id, 0, 0, %s, %s, %s FROM t RETURNING 1
    """
    place, key = audited.place(stream), stream.encode()
    audited.query(sql, place.topic, ahead, key, record(stream))

    own = here.append(stream, [changed()], 1)
    fetched = audited.store().append(stream, [changed()], 2)

    times = {e.recorded_at for e in here.read(stream)} | {own.recorded_at}
    assert times == {fetched.recorded_at}
    assert fetched.recorded_at.timestamp() * 1000 == ahead


# ---- rule 5: a malformed record gets a row, a log line and a metric, and stops nothing


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"no json", None),
        (b"\xff\x00", None),
        (b"", None),
        (record("order.x", v=True), None),
        (record("order.x"), "key_mismatch"),
    ],
)
def test_what_a_foreign_producer_got_wrong_is_mirrored_told_counted_and_passed(
    audited: World, here: FaultyStore, value: bytes, reason: str | None
) -> None:
    stream = audited.stream()
    place = audited.place(stream)
    before = _malformed()

    with capture_logs() as logs:
        offset = audited.foreign(place, value, b"\x00key")
        result = here.append(stream, [changed()], Expected.NO_STREAM)

    (line,) = [entry for entry in logs if entry.get("action") == "record-malformed"]
    assert (line["place"], line["offset"]) == (str(place), offset)
    assert line["log_level"] == "warning"
    assert reason in (None, line["reason"])
    assert _malformed() == before + 1
    assert result.first_version == 1
    (row,) = audited.query(
        "SELECT reason, key, value, commit_id, stream_id, first_version, event_count, head"
        "  FROM eventstore_record WHERE verdict = 5"
    )
    assert row == (line["reason"], b"\x00key", value, *[None] * 5)


def _malformed() -> float:
    (metric,) = metrics.MALFORMED.collect()
    return sum(s.value for s in metric.samples if s.name.endswith("_total"))
