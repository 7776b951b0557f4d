"""The comparison of two versions of the engine, on outcomes given by hand."""

from __future__ import annotations

from benchmarks.before_after import Comparison, Outcome, markdown, rows


def compared(name: str, before: tuple[float, float], after: tuple[float, float]) -> Comparison:
    """Return a comparison of solves with these gaps and seconds."""
    return Comparison("grid", name, 2, *(Outcome(100.0, 100.0, *side) for side in (before, after)))


def test_times_count_the_limit_without_a_proof_and_gaps_where_one_is_left() -> None:
    found = [
        compared("quick", (0.0, 3.0), (0.0, 1.0)),
        compared("open", (0.004, 60.1), (0.0, 9.0)),
    ]
    # (3 + 1) (60 + 1) = 244, (1 + 1) (9 + 1) = 20; shares of gaps 0.004 and 0, each plus 0.001
    expected = ["2", "1 / 2", "14.62 / 3.47", "0.29", "0.40 / 0.00", "0.20", "quick 0.50"]
    assert rows(found, 60.0) == [["grid", "2", *expected], ["all", "", *expected]]


def test_without_an_open_problem_there_is_no_gap() -> None:
    text = markdown([compared("quick", (0.0, 3.0), (0.0, 7.0))], 60.0, "Before: `main`.")
    assert "| grid | 2 | 1 | 1 / 1 | 3.00 / 7.00 | 2.00 | - | - | quick 2.00 |" in text
    assert "| quick | 2 | 100 | 100 | 100.0 | 100.0 | 3.0 | 7.0 |" in text
