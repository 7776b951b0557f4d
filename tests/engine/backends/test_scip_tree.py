from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from hypothesis import given
from hypothesis import strategies as st
from partition_drawing import apart_today
from stated_rows import rows_of, weighted_triangle
from tiers import examples

from optimiser.bench.generators.families import GridParameters, grid
from optimiser.engine.methods.branching.tree_search import time_cut_separator
from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.rows import NO_ROWS, Rows
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem import Pair, Target

pytest.importorskip("pyscipopt")

from optimiser.engine.backends import interfaces as solver_trees
from optimiser.engine.backends.interfaces import TreeModel, TreeSearch
from optimiser.engine.backends.scip_tree import TimeRows, search_tree


def asked(problem, *, seconds=30.0, gap=0.0):
    return Task(problem, "cuts", seconds, gap, 1, 1, "scip")


def no_separator(x, y, *, integer):
    return NO_ROWS


def time_cuts(t):
    def violated(x, y, *, integer):
        return separate(t, np.flatnonzero(y > 1e-6), x, y, -x)

    return violated


def searched(problem, separator=None, *, start=None, send=lambda _: None, gap=0.0, **more):
    """Return the outcome of a search of a reduced problem, and the incumbent."""
    t = tables(problem)
    incumbent = mask_incumbent(t, seconds=300.0, send=send)
    if start is not None:
        incumbent.plan(start, "start")
    outcome = search_tree(t, asked(problem, gap=gap), incumbent, separator or time_cuts(t), **more)
    return outcome, incumbent


@pytest.fixture(params=["cuts", "plain"], name="way")
def way_fixture(request):
    return None if request.param == "cuts" else no_separator


def line_problem(**changes):
    return reduce(line(**changes)).problem


def test_the_best_plan_of_the_line_is_proved(way):
    outcome, incumbent = searched(line_problem(), way)
    assert (outcome.reason, outcome.bound) == ("proof", 16.0)
    assert incumbent.best[:-1].all()


def test_the_cheapest_full_cover_of_the_line_is_proved(way):
    problem = line_problem(budget=None)
    outcome, _ = searched(problem, way)
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(problem)))


@given(side_problems(), st.sampled_from([None, no_separator]))
@examples(120)
def test_the_outcome_equals_that_of_trying_every_plan(problem, separator):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    outcome, incumbent = searched(small, separator)
    best = brute_force(small)
    if best is None:
        assert (outcome.reason, incumbent.best) == ("infeasible", None)
    else:
        assert (outcome.reason, outcome.bound) == ("proof", float(best))
        assert objective_of(tables(small), incumbent.best) == best


@given(side_problems())
@examples(40)
def test_a_known_best_plan_is_proved_without_finding_it_again(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    _, first = searched(small)
    if first.best is not None:
        outcome, second = searched(small, start=first.best)
        assert outcome.reason == "proof"
        assert (second.best == first.best).all()


@given(side_problems())
@examples(40)
def test_no_bound_on_the_way_contradicts_the_brute_force(problem):
    small = reduce(problem).problem
    best = brute_force(small)
    if not small.candidates or not small.pairs or best is None:
        return
    sent = []
    searched(small, send=sent.append)
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    assert all(bound <= best if small.budget is None else bound >= best for bound in bounds)


def test_a_budget_is_kept_to_the_last_unit(way):
    """Both links together cost one unit more than the budget, less than SCIP's tolerance of it."""
    base = line()
    costs = [50_000_001, 50_000_000, 900_000_000]
    candidates = tuple(
        dataclasses.replace(c, cost=cost) for c, cost in zip(base.candidates, costs, strict=True)
    )
    problem = reduce(base.replace(candidates=candidates, budget=100_000_000)).problem
    outcome, incumbent = searched(problem, way)
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(problem)))
    assert not incumbent.best[:-1].all()


def test_a_target_is_met_to_the_last_unit(way):
    """Two links fall one unit short of the target, less than SCIP's tolerance of it."""
    pairs = (
        Pair(0, 2, 120, 60_000_000, "small"),
        Pair(1, 3, 120, 39_999_999, "small"),
        Pair(0, 3, 60, 5, "small"),
    )
    targets = (Target("small", 100_000_000),)
    problem = line(pairs=pairs, targets=targets, budget=None, cover="targets").canonical()
    outcome, incumbent = searched(problem, way)
    assert (outcome.reason, outcome.bound) == ("proof", 16.0)
    assert incumbent.best.all()


def test_a_plan_that_violates_a_rule_unknown_to_scip_is_cut_off(way, monkeypatch):
    def strict(t, is_open):
        return fits(t, is_open) and not is_open.all()

    monkeypatch.setattr("optimiser.engine.backends.interfaces.fits", strict)
    monkeypatch.setattr("optimiser.engine.search.incumbent.fits", strict)
    outcome, incumbent = searched(line_problem(), way)
    assert (outcome.reason, outcome.bound) == ("proof", 12.0)
    assert incumbent.best.tolist() == [True, False, True]


def test_fixed_candidates_keep_their_value():
    problem = line_problem()
    outcome, incumbent = searched(problem, fixed=np.array([0, -1]))
    assert not incumbent.best[0]
    assert outcome.bound == objective_of(tables(problem), incumbent.best)


def test_rows_known_from_the_start_hold():
    problem = line_problem()
    row = Rows(np.array([0]), np.array([0, 1]), np.array([0]), np.array([1.0]))
    outcome, _ = searched(problem, rows=row)
    assert outcome.bound == 16.0


def test_an_exception_of_a_separator_is_raised():
    def broken(x, y, *, integer):
        raise ValueError("no cuts today")

    with pytest.raises(ValueError, match="no cuts today"):
        searched(line_problem(), broken)


def test_rows_that_are_not_violated_are_not_added():
    t = tables(line_problem())

    def idle(x, y, *, integer):
        return Rows(np.array([0]), np.array([0, t.size]), np.arange(t.size), np.full(t.size, 5.0))

    outcome, _ = searched(line_problem(), idle)
    assert outcome.bound == 16.0


def test_a_search_without_time_ends_by_time():
    problem = line_problem()
    t = tables(problem)
    incumbent = mask_incumbent(t, seconds=0.0, send=lambda _: None)
    outcome = search_tree(t, asked(problem, seconds=0.0), incumbent, time_cuts(t))
    assert outcome.reason == "time"


def test_plans_made_near_fractional_points_are_used():
    problem = line_problem()
    t = tables(problem)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    seen = []

    def improve(x):
        seen.append(x)
        incumbent.plan(np.ones(t.size + 1, np.bool_), "whole")

    outcome = search_tree(t, asked(problem), incumbent, time_cuts(t), improve=improve)
    assert outcome.reason == "proof"
    assert all(len(x) == t.size for x in seen)


def test_the_last_message_has_the_counts_of_cuts_and_nodes():
    sent = []
    outcome, _ = searched(line_problem(), send=sent.append)
    last = [message for message in sent if message["kind"] == "count"][-1]
    assert (last["cuts"], last["nodes"]) == (outcome.cuts, outcome.nodes)


# ---- rows of several pairs


class Recorder:
    """Stands for SCIP at the root: keeps the rows that it is given."""

    def __init__(self):
        self.rows = []

    def getDepth(self):  # noqa: N802 - SCIP's own name
        return 0

    def getCurrentNode(self):  # noqa: N802
        return SimpleNamespace(getNumber=lambda: 1)

    def createEmptyRowUnspec(self, _name, least, _most, *, local):  # noqa: N802
        assert not local
        self.rows.append((least, {}))
        return self.rows[-1]

    def addVarToRow(self, row, variable, value):  # noqa: N802
        row[1][variable.name] = value

    def addCut(self, _row, *, forcecut):  # noqa: N802
        assert forcecut
        return False

    def addPoolCut(self, row):  # noqa: N802
        pass

    cacheRowExtensions = flushRowExtensions = releaseRow = addPoolCut  # noqa: N815


def variables(letter, values):
    return tuple(
        SimpleNamespace(name=f"{letter}{i}", getLPSol=lambda value=value: value)
        for i, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("has_y", "least", "claims"), [(True, 0.0, {"y0": -1.0, "y2": -1.0}), (False, 2.0, {})]
)
def test_violated_rows_of_several_pairs_are_added(has_y, least, claims):
    rows = rows_of(((0, 1), {0: 1.0, 1: 5.0}), ((0, 2), {0: 1.0, 2: 2.0}))
    model = Recorder()
    master = TreeModel(
        model, variables("x", [0.5, 0.5, 0.25]), variables("y", [1.0] * 3) if has_y else (), 1, True
    )
    t = tables(weighted_triangle(711 if has_y else None))

    def same(x, y, *, integer):
        return rows

    state = TreeSearch(t, master, same, None, 0.0, lambda: None)
    TimeRows(state).conssepalp([], 0)
    if state.failure is not None:
        raise state.failure
    assert model.rows == [(least, {"x0": 1.0, "x2": 2.0, **claims})]
    assert state.cuts == 1


@given(apart_today() | apart_today(budget="some"))
@examples(30)
def test_a_search_with_rows_of_several_pairs_ends_at_the_best_plan(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    outcome = search_tree(t, asked(small, seconds=300.0), incumbent, time_cut_separator(CutFinder(t)))
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(small)))
    assert objective_of(t, incumbent.best) == brute_force(small)


@pytest.mark.parametrize("seed", [1, 2])
def test_where_a_search_ends_does_not_depend_on_how_often_it_reports(seed, monkeypatch):
    problem = reduce(grid(GridParameters(rows=6, columns=6, candidates=24, pairs=40, seed=seed))).problem
    ends = []
    for interval_s in (0.0, 1e9):
        monkeypatch.setattr(solver_trees, "REPORT_INTERVAL_S", interval_s)
        outcome, incumbent = searched(problem, gap=0.05)
        ends.append((outcome.reason, outcome.bound, incumbent.evaluated.objective))
    assert ends[0] == ends[1]
