"""Check what the rows of a bench amount to: groups, means, profiles, speedups and contradictions."""

from __future__ import annotations

import math
from statistics import StatisticsError

import pytest
from bench_drawing import row, timed_out, trace
from hypothesis import given
from hypothesis import strategies as st

from optimiser.bench.analysis import (
    best_known,
    comparable,
    contradictions,
    grouped,
    lines_of,
    longest,
    paired_ratio,
    performance_profile,
    performance_ratios,
    ratio_of_means,
    shifted_geometric_mean,
    speedups,
    tightest_bound,
    with_plan_times,
)


def test_a_plan_better_than_a_bound_is_found():
    rows = [timed_out(bound=95.0), row(variant="compact", objective=96, bound=96.0)]
    assert contradictions(rows) == [
        (
            "a: the objective 96 of compact/highs (seed 1, 60 s) is better than the bound 95.000000 of "
            "cuts/highs (seed 1, 60 s)"
        )
    ]


def test_a_plan_may_attain_a_bound():
    assert contradictions([timed_out(bound=99.9999999), row(variant="compact")]) == []


def test_a_cost_below_a_bound_is_found():
    rows = [
        timed_out(minimise=True, objective=50, bound=41.0),
        timed_out(minimise=True, objective=40, bound=3.0),
    ]
    assert len(contradictions(rows)) == 1


def test_instances_do_not_contradict_each_other():
    assert contradictions([timed_out("a", bound=95.0), row("b")]) == []


def test_a_plan_of_a_problem_proved_infeasible_is_found():
    none = row(variant="compact", status="infeasible", objective=None, bound=None, gap=None)
    assert "proved that there is no plan" in contradictions([row(), none])[0]


def test_a_refused_outcome_is_found():
    assert "cost is 3, not 2" in contradictions([row(check="cost is 3, not 2")])[0]


def test_a_line_counts_time_outs_at_their_limit():
    (line,) = lines_of([row(seconds=3.0), timed_out("b", objective=90)], {"a": 100, "b": 100})
    assert (line["runs"], line["proved"], line["best"]) == (2, 1, 1)
    assert line["sgm_1s"] == pytest.approx((4 * 61) ** 0.5 - 1)
    assert line["sgm_10s"] == pytest.approx((13 * 70) ** 0.5 - 10)
    assert line["mean_gap"] == pytest.approx(0.5 * 20 / 90)
    assert line["mean_loss"] == pytest.approx(0.05)


def test_a_solve_that_effort_ended_is_a_time_out_at_its_own_seconds():
    by_effort = {"effort": 0.5, "time_limit_s": 86400.0}
    spent = timed_out("b", termination="nodes", seconds=19.0, **by_effort)
    (line,) = lines_of([row(seconds=3.0, **by_effort), spent], {"a": 100, "b": 100})
    assert line["sgm_1s"] == pytest.approx((4 * 20) ** 0.5 - 1)
    less = timed_out(**{**by_effort, "effort": 0.1})
    assert longest([less, timed_out(**by_effort)]) == [timed_out(**by_effort)]


def test_a_heuristic_has_no_time_to_proof():
    (line,) = lines_of([timed_out(variant="greedy", solver="none")], {"a": 100})
    assert (line["sgm_1s"], line["mean_gap"]) == (None, None)


def test_means_count_the_problems_that_all_configurations_were_run_on():
    rows = [row(), timed_out("b"), row(variant="compact"), row("b", "compact", root_bound=None, root_s=None)]
    cuts, compact = lines_of([*rows, timed_out("c", objective=1)], {"a": 100, "b": 100, "c": 100})
    assert (cuts["runs"], cuts["shared"], cuts["roots"], compact["runs"]) == (3, 2, 1, 2)
    assert cuts["mean_gap"] == pytest.approx(0.5 * 20 / 90)
    assert (cuts["root_gap"], compact["root_gap"]) == (0.2, 0.2)


def test_a_claim_that_nobody_confirmed_has_a_mean_of_its_own():
    told = timed_out("b", bound=180.0, claimed_bound=99.0, claimed_gap=0.1, root_bound=110.0)
    (line,) = lines_of([row(), told], {"a": 100, "b": 100})
    assert (line["mean_gap"], line["claimed_gap"]) == (0.5, 0.05)
    assert line["is_root_told"]
    (line,) = lines_of([row(), timed_out("b")], {"a": 100, "b": 100})
    assert (line["claimed_gap"], line["is_root_told"]) == (None, False)


def test_the_best_plan_and_the_tightest_bound_are_over_all_configurations():
    rows = [timed_out(bound=110.0), timed_out(variant="compact", objective=95, bound=130.0)]
    assert best_known(rows) == {"a": 95}
    assert tightest_bound(rows) == 110


def test_of_several_time_limits_the_longest_counts():
    rows = [timed_out(), timed_out(time_limit_s=300.0), timed_out(seed=2)]
    assert [(r.time_limit_s, r.seed) for r in longest(rows)] == [(300.0, 1), (60.0, 2)]


def test_only_common_problems_are_compared():
    rows = [row("a"), row("b"), row("b", "compact"), row("a", "greedy", "none")]
    assert {label: [r.instance for r in found] for label, found in comparable(rows).items()} == {
        "cuts/highs": ["b"],
        "compact/highs": ["b"],
    }


def test_times_to_a_near_plan_use_the_best_of_all_configurations():
    rows = [row(objective=100), timed_out(variant="compact", objective=99)]
    progress = trace((0.0, 0, 120.0), (3.0, 99, 120.0))
    assert [r.plan_1pct_s for r in with_plan_times(rows, lambda _: progress)] == [3.0, 3.0]


def test_speedups_by_hand():
    rows = [
        row("a", "compact", seconds=7.0), row("a", seconds=1.0),
        row("easy", "compact", seconds=4.0), row("easy", seconds=9.0),
        timed_out("b", "compact"), row("b", seconds=2.0),
    ]  # fmt: skip
    slow, fast = trace((0.0, 0, 200.0), (31.0, 90, 110.0)), trace((1.0, 90, 110.0), (2.0, 100, 100.0))
    proof, gap = speedups(grouped(rows, "label"), lambda r: slow if r.variant == "compact" else fast)
    assert (proof["problems"], proof["baseline_outs"], proof["other_outs"]) == (2, 1, 0)
    assert proof["paired"] == pytest.approx(((8 / 2) * (61 / 3)) ** 0.5)
    assert proof["ratio"] == pytest.approx(((8 * 61) ** 0.5 - 1) / ((2 * 3) ** 0.5 - 1))
    assert (gap["problems"], gap["ratio"], gap["paired"]) == (1, pytest.approx(31.0), pytest.approx(16.0))


def test_a_configuration_is_not_compared_with_itself():
    assert speedups(grouped([row(variant="compact", seconds=9.0)], "label"), lambda _: ()) == []


def test_a_shorter_limit_does_not_make_a_configuration_faster():
    """Cut off at 60 s, where the baseline had 240 s and was cut off as well: no ratio above one."""
    rows = [timed_out(variant="compact", time_limit_s=240.0), timed_out()]
    found = speedups(grouped(rows, "label"), lambda _: ())
    assert [one["ratio"] for one in found] == [pytest.approx(1.0)] * len(found)
    assert found


TIMES = {"fast": [1.0, 4.0, math.inf, math.inf], "slow": [2.0, 2.0, 8.0, math.inf]}


def test_a_shifted_geometric_mean_by_hand():
    # (3 + 1)(15 + 1) = 64, its square root 8, less the shift 7
    assert shifted_geometric_mean([3.0, 15.0], 1.0) == pytest.approx(7.0)


def test_the_shift_limits_the_influence_of_small_values():
    # (0 + 10)(30 + 10) = 400, its square root 20, less the shift 10
    assert shifted_geometric_mean([0.0, 30.0], 10.0) == pytest.approx(10.0)


def test_a_mean_of_nothing_is_refused():
    with pytest.raises(StatisticsError):
        shifted_geometric_mean([], 1.0)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20), st.floats(0.1, 100))
def test_a_mean_lies_between_the_least_and_the_largest(values, shift):
    mean = shifted_geometric_mean(values, shift)
    assert min(values) - 1e-6 <= mean <= max(values) + 1e-6 * max(1, *values)


def test_ratios_are_to_the_best_of_each_problem():
    assert performance_ratios(TIMES) == {
        "fast": (1.0, 2.0, math.inf, math.inf),
        "slow": (2.0, 1.0, 1.0, math.inf),
    }


def test_a_profile_by_hand():
    ratios = performance_ratios(TIMES)
    assert performance_profile(ratios["fast"]) == ((1.0, 0.25), (2.0, 0.5))
    assert performance_profile(ratios["slow"]) == ((1.0, 0.5), (2.0, 0.75))


def test_a_profile_never_counts_a_failure():
    assert performance_profile([1.0, math.inf]) == ((1.0, 0.5),)
    assert performance_profile([math.inf, math.inf]) == ()


def test_a_time_of_zero_has_a_finite_ratio():
    assert performance_ratios({"a": [0.0], "b": [0.002]}) == {"a": (1.0,), "b": (2.0,)}


def test_solvers_with_different_numbers_of_problems_are_refused():
    with pytest.raises(ValueError, match="inhomogeneous"):
        performance_ratios({"a": [1.0], "b": [1.0, 2.0]})


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=1, max_size=10))
def test_on_each_problem_one_solver_has_ratio_one(pairs):
    ratios = performance_ratios({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    assert all(min(both) == 1.0 for both in zip(*ratios.values(), strict=True))
    assert all(performance_profile(column)[-1][1] == 1.0 for column in ratios.values())


def test_a_paired_ratio_by_hand():
    # (7 + 1) / (1 + 1) = 4 and (1 + 1) / (1 + 1) = 1: the square root of 4 x 1
    assert paired_ratio([7.0, 1.0], [1.0, 1.0], 1.0) == pytest.approx(2.0)


def test_a_ratio_of_means_by_hand():
    # sgm(3, 15) = 7 over sgm(1, 1) = 1
    assert ratio_of_means([3.0, 15.0], [1.0, 1.0], 1.0) == pytest.approx(7.0)


def test_a_ratio_without_a_problem_is_refused():
    with pytest.raises(StatisticsError):
        paired_ratio([], [], 1.0)
