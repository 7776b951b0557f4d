"""The table of a bench is kept exactly, counted right, and held to be consistent."""

from __future__ import annotations

import dataclasses
import time

import pytest
from bench_drawing import row, timed_out, trace

from optimiser.bench import generators as g
from optimiser.bench import rows as table
from optimiser.bench.consistency import contradictions, refuse_contradictions
from optimiser.bench.estimate import Estimate
from optimiser.bench.footnotes import footnotes
from optimiser.bench.instances import Instance
from optimiser.bench.plan import Limits, Run, Way
from optimiser.bench.speedups import speedups
from optimiser.bench.summary import summary
from optimiser.bench.table import (
    best_known,
    comparable,
    labelled,
    line_of,
    longest,
    tightest_bound,
    with_plan_times,
)
from optimiser.engine import attempt
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem.errors import ProblemError, VerificationError


def test_rows_survive_their_file(tmp_path):
    rows = [row(), row("b", objective=None, bound=None, gap=None, message="a, b\nand c")]
    table.save(rows, tmp_path / "runs.csv")
    read = table.load(tmp_path / "runs.csv")
    assert read == [rows[0], dataclasses.replace(rows[1], message="a, b and c")]


def test_no_table_is_an_empty_one(tmp_path):
    assert table.load(tmp_path / "runs.csv") == []


def test_a_broken_line_of_the_table_is_told():
    text = table.dumps([row(), row("b")]).replace("b,drawn", "b,drawn,extra")
    with pytest.raises(ProblemError) as caught:
        table.loads(text)
    assert caught.value.faults[0].startswith("line 3: ")


def test_another_table_is_refused():
    with pytest.raises(ProblemError, match="not one of this bench"):
        table.loads("a,b\n1,2\n")


def test_a_bound_that_a_plan_beats_is_found():
    rows = [timed_out(bound=95.0), row(variant="compact", objective=96, bound=96.0)]
    assert contradictions(rows) == [
        (
            "a: the bound 95.000000 of cuts/highs (seed 1, 60 s) is beaten by the objective 96 of "
            "compact/highs (seed 1, 60 s)"
        )
    ]


def test_a_bound_may_be_met():
    assert contradictions([timed_out(bound=99.9999999), row(variant="compact")]) == []


def test_of_costs_a_bound_above_a_plan_is_found():
    rows = [
        timed_out(minimise=True, objective=50, bound=41.0),
        timed_out(minimise=True, objective=40, bound=3.0),
    ]
    assert len(contradictions(rows)) == 1


def test_instances_do_not_contradict_each_other():
    assert contradictions([timed_out("a", bound=95.0), row("b")]) == []


def test_a_plan_of_a_problem_proved_to_have_none_is_found():
    none = row(variant="compact", status="infeasible", objective=None, bound=None, gap=None)
    assert "proved that there is no plan" in contradictions([row(), none])[0]


def test_a_refused_outcome_is_found_and_fails_loudly():
    with pytest.raises(VerificationError) as caught:
        refuse_contradictions([row(check="cost is 3, not 2")])
    assert "cost is 3, not 2" in caught.value.faults[0]
    assert caught.value.exit_code == 4


def test_a_line_counts_time_outs_at_their_limit():
    line = line_of("cuts", [row(seconds=3.0), timed_out("b", objective=90)], {"a": 100, "b": 100})
    assert (line.runs, line.proved, line.best) == (2, 1, 1)
    assert line.sgm_1s == pytest.approx((4 * 61) ** 0.5 - 1)
    assert line.sgm_10s == pytest.approx((13 * 70) ** 0.5 - 10)
    assert line.mean_gap == pytest.approx(0.5 * 20 / 90)
    assert line.mean_loss == pytest.approx(0.05)


def test_a_heuristic_has_no_time_to_proof():
    line = line_of("greedy", [timed_out(variant="greedy", solver="none")], {"a": 100})
    assert (line.sgm_1s, line.mean_gap) == (None, None)


def test_the_best_plan_and_the_tightest_bound_are_over_all_ways():
    rows = [timed_out(bound=110.0), timed_out(variant="compact", objective=95, bound=130.0)]
    assert best_known(rows) == {"a": 95}
    assert tightest_bound(rows) == 110


def test_of_several_limits_the_longest_counts():
    rows = [timed_out(), timed_out(time_limit_s=300.0), timed_out(seed=2)]
    assert [(r.time_limit_s, r.seed) for r in longest(rows)] == [(300.0, 1), (60.0, 2)]


def test_only_common_problems_are_compared():
    rows = [row("a"), row("b"), row("b", "compact"), row("a", "greedy", "none")]
    assert {label: [r.instance for r in found] for label, found in comparable(rows).items()} == {
        "cuts/highs": ["b"],
        "compact/highs": ["b"],
    }


def test_times_to_a_near_plan_use_the_best_of_all_ways():
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
    proof, gap = speedups(labelled(rows), lambda r: slow if r.variant == "compact" else fast)
    assert (proof.problems, proof.baseline_outs, proof.other_outs) == (2, 1, 0)
    assert proof.paired == pytest.approx(((8 / 2) * (61 / 3)) ** 0.5)
    assert proof.ratio == pytest.approx(((8 * 61) ** 0.5 - 1) / ((2 * 3) ** 0.5 - 1))
    assert (gap.problems, gap.ratio, gap.paired) == (1, pytest.approx(31.0), pytest.approx(16.0))


def test_a_way_is_not_compared_with_itself():
    assert speedups(labelled([row(variant="compact", seconds=9.0)]), lambda _: ()) == []


def test_a_shorter_limit_does_not_make_a_way_faster():
    """Cut off at 60 s, where the baseline had 240 s and was cut off as well: no ratio above one."""
    rows = [timed_out(variant="compact", time_limit_s=240.0), timed_out()]
    found = speedups(labelled(rows), lambda _: ())
    assert [one.ratio for one in found] == [pytest.approx(1.0)] * len(found)
    assert found


def test_the_time_left_uses_what_is_known():
    run = Run(Instance("x", "drawn", "", lambda: None), Way("cuts", "highs"), 1, Limits(time_limit_s=100.0))
    other = dataclasses.replace(run, way=Way("compact", "highs"))
    estimate = Estimate([row(wall_s=6.0), row("b", wall_s=18.0)])
    assert estimate.left_s([run]) == pytest.approx(20.0)
    assert estimate.left_s([run, other]) == pytest.approx(120.0)


def test_the_summary_names_contradictions_loudly():
    text = summary([row()], lambda _: (), command="c", faults=["a: false"], figures={})
    assert "**The outcomes contradict each other" in text
    assert "* a: false" in text


def test_the_summary_tells_command_machine_and_versions():
    text = summary([row(), timed_out("b")], lambda _: (), command="polyring bench", faults=[], figures={})
    assert "Command: `polyring bench`" in text
    assert "Machine: m" in text
    assert "Versions: x 1" in text
    assert "| a | 4 / 5 / 10 | 100 | 100 | 2.00 s |" in text
    assert "| b | 4 / 5 / 10 | 90 | 110 | 22.22 % |" in text


def test_footnotes_tell_what_cannot_be_compared():
    rows = [row(other_load=0.5), row("b", "compact", code="d", termination="crash", check="no result")]
    notes = " ".join(footnotes(rows))
    assert "1 of 2 solves ran while other processes" in notes
    assert "several versions of the source" in notes
    assert "compact/highs: 1 crash of 1 solves" in notes
    assert "cuts/highs was not run on 1 of 2 problems" in notes


def test_the_clock_of_a_solve_counts_the_reduction_as_the_footnote_says(monkeypatch):
    def slow(problem):
        time.sleep(0.2)
        return reduce(problem)

    def run(_task, _receive, *, time_limit_s):
        assert time_limit_s <= 59.8
        return Ending("heuristic", "", "", 0.05)

    problem = g.grid(g.GridParameters(rows=3, columns=3, candidates=6, pairs=6))
    attempt._load()
    monkeypatch.setattr(attempt, "reduce", slow)
    result = solve(problem, variant="greedy", params=SolveParameters(time_limit_s=60.0), run=run)
    assert result.seconds >= 0.25
    assert footnotes([row()])[0].startswith("Seconds are wall time of reduction and solve, without imports")
