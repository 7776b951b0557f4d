from __future__ import annotations

from core_drawing import brute_force, line, problems
from hypothesis import given, settings
from path_running import proved


@given(problems())
@settings(max_examples=100, deadline=None)
def test_the_proved_optimum_is_that_of_trying_every_plan(problem):
    best, _ = proved(problem)
    wanted = brute_force(problem)
    if wanted is None:
        assert best["status"] == "infeasible"
    else:
        assert (best["objective"], best["gap"], best["status"]) == (wanted, 0.0, "optimal")


def test_the_line_is_proved():
    assert proved(line())[0]["objective"] == 18


def test_covering_everything_on_the_line_costs_both_shortcuts():
    assert proved(line(budget=None))[0]["objective"] == 7
