"""Ask every solver for the best point under rows of several pairs, against programs stated anew."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from core_drawing import brute_force
from hypothesis import example, given, settings
from hypothesis import strategies as st
from partition_drawing import apart_today, triangle
from scipy.optimize import linprog

from optimiser.engine.backends.live_highs import LiveHighs
from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.backends.live_whole import LiveWhole
from optimiser.engine.backends.tree import Rhythm, TreeLimits
from optimiser.engine.methods.branching.plunge import _strongest
from optimiser.engine.methods.branching.program import Answer
from optimiser.engine.methods.cuts.finder import CutFinder
from optimiser.engine.models.extended import build_extended
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.rows import Rows, starts
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair

COSTS = [101, 203, 407]
WEIGHTS = [103, 211, 401]
BUDGETS = [None, 0, 304, 508, 711]
"""None: every pair must be covered; nothing, the first two candidates, the first and the last, all three."""

NEVER_CLOSED = 0.999
"""Gap at which HiGHS may end: less than what any two sums of costs or weights differ by."""


def weighed(budget):
    """Return the triangle with costs and weights that tell every sum of some of them from any other."""
    pairs = tuple(
        Pair(o, d, 2, weight) for (o, d), weight in zip([(0, 1), (0, 2), (1, 2)], WEIGHTS, strict=True)
    )
    return triangle(costs=COSTS, budget=budget).replace(pairs=pairs)


def rows_of(*lines):
    """Return rows from (pairs, {candidate: value})."""
    return Rows(
        np.array([k for pairs, _ in lines for k in pairs], np.int64),
        starts(np.array([len(terms) for _, terms in lines], np.int64)),
        np.array([j for _, terms in lines for j in terms], np.int64),
        np.array([value for _, terms in lines for value in terms.values()], np.float64),
        starts(np.array([len(pairs) for pairs, _ in lines], np.int64)),
    )


some = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True).map(sorted)
values = st.sampled_from([0.25, 0.5, 1.0, 2.0])
terms = st.dictionaries(st.integers(0, 2), values, max_size=3).map(lambda row: dict(sorted(row.items())))

TWO_LINKS = ([0, 1], {0: 1.0, 1: 1.0, 2: 1.0})
ALL_OR_HALF = ([0, 1, 2], {0: 2.0, 1: 1.0, 2: 0.5})
drawn = st.lists(st.tuples(some, terms), min_size=1, max_size=4)


def program(lines, budget):
    """Return `A z <= b` over what is built and covered, the objective to minimise, and the bounds of y."""
    left, right = [], []
    for pairs, row in lines:
        line = np.zeros(6)
        line[[3 + k for k in pairs]] = 1.0
        for j, value in row.items():
            line[j] = -value
        left.append(line)
        right.append(0.0)
    if budget is None:
        return np.array(left), right, np.array([*COSTS, 0.0, 0.0, 0.0]), (1, 1)
    left.append(np.array([*COSTS, 0.0, 0.0, 0.0]))
    return np.array(left), [*right, budget], np.array([0.0, 0.0, 0.0, *(-w for w in WEIGHTS)]), (0, 1)


def relaxed_best(lines, budget, *, built=None):
    """Return the worth of the best point, None without one; `built` fixes the candidates."""
    left, right, objective, level = program(lines, budget)
    bounds = [(0, 1)] * 3 if built is None else [(x, x) for x in built]
    answer = linprog(objective, A_ub=left, b_ub=right, bounds=[*bounds, *[level] * 3], method="highs")
    return -answer.fun if answer.success else None


def whole_best(lines, budget):
    """Return the worth of the best point with whole candidates."""
    found = [relaxed_best(lines, budget, built=built) for built in itertools.product((0, 1), repeat=3)]
    return max((worth for worth in found if worth is not None), default=None)


def all_whole_best(lines, budget):
    """Return the worth of the best point with whole candidates and levels."""
    left, right, objective, (least, _) = program(lines, budget)
    points = np.array(list(itertools.product((0, 1), repeat=6)))
    points = points[(points @ left.T <= np.array(right) + 1e-9).all(axis=1)]
    points = points[(points[:, 3:] >= least).all(axis=1)]
    return max((-points @ objective).tolist(), default=None)


def given_rows():
    """Draw rows and what they are asked under."""

    def decorate(test):
        asked = given(lines=drawn, budget=st.sampled_from(BUDGETS))(test)
        for budget in BUDGETS:
            asked = example(lines=[TWO_LINKS, ALL_OR_HALF], budget=budget)(asked)
        return settings(max_examples=50, deadline=None)(asked)

    return decorate


def solved(master):
    return master.solve(start=None, gap=0.0, turn=5, seconds=300.0, tell=lambda _bound, _point: False)


def check(outcome, budget, best, *, tolerance):
    """Hold the last point, and the bound, of a master against the best worth there is."""
    assert outcome.empty == (best is None)
    if best is None:
        return
    point = outcome.points[-1]
    worth = -point.built @ COSTS if budget is None else point.level @ WEIGHTS
    assert worth == pytest.approx(best, abs=tolerance)
    assert outcome.bound * (-1 if budget is None else 1) >= best - 1e-6


@given_rows()
def test_a_live_program_keeps_to_rows_of_several_pairs(lines, budget):
    live = LiveProgram(weighed(budget), seed=0)
    live.add(rows_of(*lines))
    answer, best = live.solve(seconds=10), relaxed_best(lines, budget)
    assert answer.ending == ("empty" if best is None else "optimal")
    assert best is None or answer.worth == pytest.approx(best, abs=1e-4)


@given_rows()
def test_rows_of_several_pairs_that_do_not_bind_can_be_dropped(lines, budget):
    live = LiveProgram(weighed(budget), seed=0)
    live.add(rows_of(*lines))
    before = live.solve(seconds=10)
    if before.ending == "empty":
        return
    sides, claimed = rows_of(*lines).at(before.decided), rows_of(*lines).claimed(before.level)
    assert live.drop_slack() == np.count_nonzero(sides <= claimed + 1e-2)
    assert live.solve(seconds=10).worth == pytest.approx(before.worth, abs=1e-4)


@given_rows()
def test_the_master_in_highs_keeps_to_rows_of_several_pairs(lines, budget):
    master = LiveHighs(weighed(budget), threads=1, seed=1)
    master.add(rows_of(*lines))
    check(solved(master), budget, whole_best(lines, budget), tolerance=NEVER_CLOSED)


@given_rows()
def test_the_master_in_cpsat_keeps_to_rows_of_several_pairs(lines, budget):
    pytest.importorskip("ortools")
    from optimiser.engine.backends.live_cpsat import LiveCpsat

    master = LiveCpsat(weighed(budget), threads=1, seed=1)
    master.add(rows_of(*lines))
    check(solved(master), budget, all_whole_best(lines, budget), tolerance=1e-6)


@given_rows()
def test_the_model_with_rings_keeps_to_rows_of_several_pairs(lines, budget):
    whole = build_extended(weighed(budget), flows=False)
    live = LiveWhole(whole, threads=1, seed=1)
    state = whole.states[-1]
    live.add_cuts(rows_of(*lines), live.columns(whole.x), live.columns(state.y))
    solved, best = live.relax(seconds=10), relaxed_best(lines, budget)
    assert solved.empty == (best is None)
    sign = -1.0 if budget is None else 1.0
    assert best is None or sign * whole.scale * solved.bound == pytest.approx(best, abs=1e-4)


@given_rows()
def test_the_tree_of_scip_begins_with_rows_of_several_pairs(lines, budget):
    pytest.importorskip("pyscipopt")
    from optimiser.engine.backends.scip_model import add_rows, tree_model

    made = tree_model(weighed(budget), fixed=None, seed=1)
    add_rows(made, rows_of(*lines))
    made.model.hideOutput()
    made.model.optimize()
    best = whole_best(lines, budget)
    assert made.model.getStatus() == ("infeasible" if best is None else "optimal")
    sign = -1.0 if budget is None else 1.0
    assert best is None or sign * made.divisor * made.model.getObjVal() == pytest.approx(best, abs=1e-3)


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


def columns(letter, values):
    return tuple(
        SimpleNamespace(name=f"{letter}{i}", getLPSol=lambda value=value: value)
        for i, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("levels", "least", "claims"), [(True, 0.0, {"y0": -1.0, "y2": -1.0}), (False, 2.0, {})]
)
def test_the_tree_of_scip_takes_violated_rows_of_several_pairs_in(levels, least, claims):
    pytest.importorskip("pyscipopt")
    from optimiser.engine.backends.scip_handler import TimeRows, Watch
    from optimiser.engine.backends.scip_model import TreeModel

    rows = rows_of(((0, 1), {0: 1.0, 1: 5.0}), ((0, 2), {0: 1.0, 2: 2.0}))
    model = Recorder()
    made = TreeModel(
        model, columns("x", [0.5, 0.5, 0.25]), columns("y", [1.0] * 3) if levels else (), 1, True
    )
    t = tables(weighed(711 if levels else None))

    def same(built, level, *, integer):
        return rows

    watch = Watch(t, made, same, None, Rhythm())
    TimeRows(watch).conssepalp([], 0)
    if watch.failure is not None:
        raise watch.failure
    assert model.rows == [(least, {"x0": 1.0, "x2": 2.0, **claims})]
    assert watch.cuts == 1


@given(apart_today() | apart_today(budget="some"))
@settings(max_examples=30, deadline=None)
def test_a_tree_of_scip_with_rows_of_several_pairs_ends_at_the_best_plan(problem):
    pytest.importorskip("pyscipopt")
    from optimiser.engine.backends.scip_tree import search_tree

    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    progress = Progress(t, seconds=300.0, send=lambda _: None)
    cuts, middle = CutFinder.of(t), np.full(t.size, 0.5)

    def violated(built, level, *, integer):
        pairs = np.flatnonzero(level > 1e-6)
        return cuts.violated(pairs, built, level, towards=middle, pull=0.2, margin=1e-6)

    outcome = search_tree(t, small, progress, violated, limits=TreeLimits(300.0))
    assert (outcome.reason, outcome.bound) == ("proof", float(brute_force(small)))
    assert objective_of(t, progress.best) == brute_force(small)


def kept_of(rows, *, level, built, weight, most):
    answer = Answer("optimal", 0.0, np.array(built), np.array(level), np.zeros(len(built)))
    found = _strongest(rows, answer, np.array(built), np.array(weight), most)
    return [found.pairs_of(i).tolist() for i in range(len(found))]


def test_the_strongest_rows_are_those_of_the_largest_violation_by_the_mean_weight_of_their_pairs():
    rows = rows_of(((0,), {0: 1.0}), ((0, 1), {0: 1.0, 1: 1.0}), ((1,), {1: 1.0}))
    asked = {"level": [1.0, 1.0], "built": [0.4, 0.9], "weight": [2.0, 6.0]}
    # violations 0.6, 0.7 and 0.1, mean weights 2, 4 and 6
    assert kept_of(rows, **asked, most=1) == [[0, 1]]
    assert kept_of(rows, **asked, most=2) == [[0], [0, 1]]
    assert kept_of(rows, **asked, most=3) == [[0], [0, 1], [1]]
