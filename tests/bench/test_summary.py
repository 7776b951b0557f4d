"""Check the summary of a bench and its footnotes."""

from __future__ import annotations

import time

from bench_drawing import row, timed_out
from engine_running import HereProcess

from optimiser.bench.generators.families import GridParameters, grid
from optimiser.bench.outputs import footnotes, summary
from optimiser.engine import work
from optimiser.engine.methods.variants import method_of
from optimiser.engine.presolve import reduce
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve


def test_the_summary_names_contradictions():
    rows = [timed_out(bound=95.0), row(variant="compact", objective=96, bound=96.0)]
    text = summary(rows, lambda _: (), command="c")
    assert "**The outcomes contradict each other" in text
    assert "* a: the objective 96 of compact/highs" in text


def test_the_summary_names_command_machine_and_versions():
    text = summary([row(), timed_out("b")], lambda _: (), command="polyring bench")
    assert "Command: `polyring bench`" in text
    assert "Machine: m" in text
    assert "Versions: x 1" in text
    assert "| a | 4 / 5 / 10 | 100 | 100 | 2.00 s |" in text
    assert "| b | 4 / 5 / 10 | 90 | 110 | 22.22 % |" in text


def test_footnotes_name_what_cannot_be_compared():
    rows = [row(other_load=0.5), row("b", "compact", code="d", termination="crash", check="no result")]
    notes = " ".join(footnotes(rows))
    assert "1 of 2 solves ran while other processes" in notes
    assert "several versions of the source" in notes
    assert "compact/highs: 1 crash of 1 solves" in notes
    assert "cuts/highs was not run on 1 of 2 problems" in notes


def test_seconds_include_the_reduction_as_the_footnote_states(monkeypatch):
    def slow(problem, **options):
        time.sleep(0.2)
        return reduce(problem)

    limits = []

    def run(t, incumbent, task):
        limits.append(task.seconds)
        time.sleep(0.05)
        return method_of("greedy")[0](t, incumbent, task)

    problem = grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6))
    monkeypatch.setattr(work, "reduce", slow)
    monkeypatch.setattr(work, "method_of", lambda _name: (run, None))
    params = SolveParameters(time_limit_s=60.0)
    result = solve(problem, variant="greedy", params=params, run=HereProcess())
    assert limits[0] <= 59.8
    assert result.seconds >= 0.25
    assert footnotes([row()])[0].startswith("Seconds are wall time of reduction and solve, without imports")


def test_several_seeds_of_an_instance_are_summed_up():
    rows = [
        row(seed=1, seconds=1.0),
        row(seed=2, seconds=4.0),
        timed_out(seed=3, seconds=60.0),
        row("alone", seed=1),
    ]
    text = summary(rows, lambda _: (), command="c")
    spread = text.partition("## Over the seeds of an instance")[2].partition("##")[0]
    assert "| a | cuts/highs | 3 | 2 | 1.00 | 4.00 | 60.00 | 0.00 % | 22.22 % | 90 | 100 |" in spread
    assert "alone" not in spread


def test_one_seed_has_no_spread():
    assert "Over the seeds" not in summary([row()], lambda _: (), command="c")


def test_the_bound_at_the_root_stands_beside_the_gap_at_the_end():
    rows = [row(root_bound=110.0, root_s=1.0), row("b", root_bound=130.0, root_s=3.0)]
    none = [row(name, solver="scip", root_bound=None, root_s=None) for name in "ab"]
    text = summary([*rows, *none], lambda _: (), command="c")
    assert "Means count the 2 problems (instance and seed) that every" in text
    assert "claimed gap" not in text
    lines = {line.split(" | ")[0]: line.split(" | ")[8:10] for line in text.splitlines() if "cuts/" in line}
    assert lines["| cuts/highs"] == ["20.00 %", "1.83"]  # sqrt((1 + 1) (3 + 1)) - 1
    assert lines["| cuts/scip"] == ["-", "-"]


def test_claims_that_nobody_confirmed_are_marked():
    told = timed_out(bound=180.0, claimed_bound=99.0, claimed_gap=0.1, root_bound=110.0, root_s=1.0)
    text = summary([told, row("b")], lambda _: (), command="c")
    assert "| mean gap [2] | claimed gap [8] | root gap [7] |" in text
    assert "| 50.00 % | 5.00 % | 21.11 % [8] |" in text


def test_of_two_seeds_the_median_is_the_mean_in_both_tables():
    rows = [row(seconds=1.0), row(seed=2, seconds=4.0), timed_out("b"), timed_out("b", seed=2, bound=120.0)]
    text = summary(rows, lambda _: (), command="c")
    assert "| a | 4 / 5 / 10 | 100 | 100 | 2.50 s |" in text
    assert "| a | cuts/highs | 2 | 2 | 1.00 | 2.50 | 4.00 |" in text
    assert "| b | 4 / 5 / 10 | 90 | 110 | 27.78 % |" in text
    assert "27.78 % | 33.33 % |" in text
    assert "4 of 4 outcomes passed the independent check. On" in text
