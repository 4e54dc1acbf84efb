"""`--fuzz N`: how many cases the fuzz of the reads tries; `--fuzz-seed S`: of which seed the first world is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CASES = 300  # in the gate
A_WORLD = 5_000  # cases that share streams


def pytest_addoption(parser: pytest.Parser) -> None:
    """See the module."""
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz", type=int, default=CASES, help="cases of the read fuzz")
    group.addoption("--fuzz-seed", type=int, default=1, help="of its first world")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """For `fuzz_seed` and `fuzz_cases`: worlds enough for all cases."""
    if "fuzz_seed" not in metafunc.fixturenames:
        return
    left, seed = (
        metafunc.config.getoption("--fuzz"),
        metafunc.config.getoption("--fuzz-seed"),
    )
    worlds: list[tuple[int, int]] = []
    while left > 0:
        worlds.append((seed + len(worlds), min(left, A_WORLD)))
        left -= A_WORLD
    metafunc.parametrize(("fuzz_seed", "fuzz_cases"), worlds)
