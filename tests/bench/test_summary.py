"""Check the summary of a bench and its footnotes."""

from __future__ import annotations

import time

from bench_drawing import row, timed_out

from optimiser.bench.generators.regular import GridParameters, grid
from optimiser.bench.summary import footnotes, summary
from optimiser.engine import attempt
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve


def test_the_summary_names_contradictions():
    text = summary([row()], lambda _: (), command="c", faults=["a: false"], figures={})
    assert "**The outcomes contradict each other" in text
    assert "* a: false" in text


def test_the_summary_names_command_machine_and_versions():
    text = summary([row(), timed_out("b")], lambda _: (), command="polyring bench", faults=[], figures={})
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
    def slow(problem):
        time.sleep(0.2)
        return reduce(problem)

    def run(_task, _receive, *, time_limit_s):
        assert time_limit_s <= 59.8
        return Ending("heuristic", "", "", 0.05)

    problem = grid(GridParameters(rows=3, columns=3, candidates=6, pairs=6))
    attempt._load()
    monkeypatch.setattr(attempt, "reduce", slow)
    result = solve(problem, variant="greedy", params=SolveParameters(time_limit_s=60.0), run=run)
    assert result.seconds >= 0.25
    assert footnotes([row()])[0].startswith("Seconds are wall time of reduction and solve, without imports")
