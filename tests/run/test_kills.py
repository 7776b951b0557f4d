"""Commands that are killed leave nothing behind, and resume to the result of an uninterrupted one."""

from __future__ import annotations

import sys

import pytest

from benchmarks import kills

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are otherwise there")


@pytest.mark.long
@pytest.mark.parametrize("name", ["bench"])
def test_a_killed_command_leaves_nothing_and_resumes_to_the_same_result(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python benchmarks/kills.py --kills 200` is the long version."""
    monkeypatch.setattr(kills, "MOST_KILLS", 1)
    tally = kills.measure([name], 1, seed=5, most_s=600.0)[name]
    assert tally.faults == []
    assert tally.signals.total() >= 1
