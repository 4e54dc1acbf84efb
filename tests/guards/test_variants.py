"""Every rule of the write path whose absence was shown to break it has a test, and tests/README.md says which."""

from __future__ import annotations

import re

import pytest

from tests.guards.sources import ROOT

PAGE = ROOT / "tests" / "README.md"
VARIANTS = {
    "answered_before_commit",
    "cas_looked_at_afterwards",
    "commit_id_scoped_to_partition",
    "embedded_log_async",
    "event_id_unique_everywhere",
    "fresh_ids_not_looked_up",
    "lost_race_keeps_other_heads",
    "misplaced_accepted",
    "old_code_says_malformed",
    "outcome_without_advance",
    "precheck_head_after_lookup",
    "precheck_refuses_the_future",
    "precheck_without_commit_lookup",
    "reads_right_after_crash",
    "refusal_leaves_no_trace",
    "repeat_not_compared",
    "row_and_cursor_read_apart",
    "timeout_means_not_written",
    "truncation_row_not_compared",
}


def rows() -> dict[str, list[str]]:
    """The tests that a row names, by variant."""
    found = re.findall(r"^\| `(\w+)` \|[^|]*\|(.*)\|$", PAGE.read_text("utf-8"), re.M)
    return {
        variant: re.findall(r"`([\w/.]+::\w+)`", tests)
        for variant, tests in found
        if variant in VARIANTS
    }


def test_every_variant_has_its_row() -> None:
    missing = VARIANTS - set(rows())

    assert not missing, f"tests/README.md: say which test catches {sorted(missing)}."


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_the_tests_of_a_row_are_there(variant: str) -> None:
    named = rows().get(variant, [])
    assert named, f"tests/README.md: {variant} names no test."

    for test in named:
        path, _, name = test.partition("::")
        file = ROOT / "tests" / path
        assert file.exists(), f"tests/README.md, {variant}: {path} is gone."
        assert re.search(rf"def {name}\b", file.read_text("utf-8")), (
            f"tests/README.md, {variant}: {name} is not in {path} any more; name the test that took its place."
        )
