"""Draw rows for master problems, and find the best points under them by programs stated anew."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from partition_drawing import triangle
from scipy.optimize import linprog
from tiers import examples

from optimiser.engine.search.rows import Rows, SplitRows, starts
from optimiser.problem import Candidate, City, DesignProblem, Pair

COSTS = [101, 203, 407]
WEIGHTS = [103, 211, 401]
"""Costs and weights that tell every sum of some of them from any other."""

BUDGETS = [None, 0, 304, 508, 711]
"""None: every pair must be covered; nothing, the first two candidates, the first and the last, all three."""


# ---- time cuts and partition inequalities


def weighted_triangle(budget):
    """Return the triangle with these costs and weights."""
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


def _sorted(terms):
    return dict(sorted(terms.items()))


_pairs = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True).map(sorted)
_terms = st.dictionaries(st.integers(0, 2), st.sampled_from([0.25, 0.5, 1.0, 2.0]), max_size=3).map(_sorted)
drawn_lines = st.lists(st.tuples(_pairs, _terms), min_size=1, max_size=4)

TWO_LINKS = ([0, 1], {0: 1.0, 1: 1.0, 2: 1.0})
ALL_OR_HALF = ([0, 1, 2], {0: 2.0, 1: 1.0, 2: 0.5})


def given_rows(test):
    """Run a test with rows and a budget."""
    asked = given(lines=drawn_lines, budget=st.sampled_from(BUDGETS))(test)
    for budget in BUDGETS:
        asked = example(lines=[TWO_LINKS, ALL_OR_HALF], budget=budget)(asked)
    return examples(50)(asked)


def _program(lines, budget):
    """Return `A z <= b` over x and y, the objective to minimise, and the bounds of y."""
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


def relaxed_best(lines, budget, *, x=None):
    """Return the objective, to be maximised, of the best point; None without one. `x` fixes candidates."""
    left, right, objective, y = _program(lines, budget)
    bounds = [(0, 1)] * 3 if x is None else [(value, value) for value in x]
    found = linprog(objective, A_ub=left, b_ub=right, bounds=[*bounds, *[y] * 3], method="highs")
    return -found.fun if found.success else None


def integer_best(lines, budget):
    """Return the objective of the best point with integer x."""
    found = [relaxed_best(lines, budget, x=x) for x in itertools.product((0, 1), repeat=3)]
    return max((value for value in found if value is not None), default=None)


def binary_best(lines, budget):
    """Return the objective of the best point with integer x and y."""
    left, right, objective, (least, _) = _program(lines, budget)
    points = np.array(list(itertools.product((0, 1), repeat=6)))
    points = points[(points @ left.T <= np.array(right) + 1e-9).all(axis=1)]
    points = points[(points[:, 3:] >= least).all(axis=1)]
    return max((-points @ objective).tolist(), default=None)


def check_master(master, lines, budget, best, *, tolerance):
    """Compare the last point and the bound of a master with rows with the best objective there is."""
    master.add(rows_of(*lines))
    found = master.solve(start=None, gap=0.0, turn=5, seconds=300.0, on_point=lambda _bound, _point: False)
    assert found.infeasible == (best is None)
    if best is None:
        return
    point = found.points[-1]
    value = -point.x @ COSTS if budget is None else point.y @ WEIGHTS
    assert value == pytest.approx(best, abs=tolerance)
    assert found.bound * (-1 if budget is None else 1) >= best - 1e-6


# ---- lift-and-project cuts


def splits_of(*lines):
    """Return lift-and-project cuts from ({column: value}, least)."""
    return SplitRows(
        starts(np.array([len(terms) for terms, _ in lines], np.int64)),
        np.array([column for terms, _ in lines for column in terms], np.int64),
        np.array([value for terms, _ in lines for value in terms.values()], np.float64),
        np.array([least for _, least in lines], np.float64),
    )


TOWN_WEIGHTS, CITY_WEIGHT = [103, 211], 401


def town(budget):
    """Three candidates, two pairs and a city that needs one of them; links do not matter to the master."""
    return DesignProblem(
        name="town",
        nodes=("a", "b", "c"),
        arcs=(),
        candidates=tuple(Candidate(f"c{j}", cost, ((0, 1, 1),)) for j, cost in enumerate(COSTS)),
        pairs=(Pair(0, 1, 1, TOWN_WEIGHTS[0]), Pair(0, 2, 1, TOWN_WEIGHTS[1])),
        budget=budget,
        cities=(City("t", CITY_WEIGHT, (0, 1), 1),),
        excludes=(("c0", "c2"),),
    )


TOWN_MODEL = {
    508: (
        [[-101, -203, -407, 0, 0, 0], [-1, 0, -1, 0, 0, 0], [0, 0, 0, 1, 1, -1]],
        [-508, -1, 0],
        [0, 0, 0, *TOWN_WEIGHTS, CITY_WEIGHT],
    ),
    None: ([[-1, 0, -1]], [-1], [-cost for cost in COSTS]),
}
"""Rows `G v >= g` of the town with and without a budget, and the objective, to be maximised."""


@st.composite
def town_splits(draw):
    """Draw lift-and-project cuts for the town, and its budget."""
    budget = draw(st.sampled_from([508, None]))
    values = st.sampled_from([-1.0, -0.5, 0.25, 0.75, 2.0])
    columns = st.integers(0, len(TOWN_MODEL[budget][2]) - 1)
    terms = st.dictionaries(columns, values, max_size=4).map(_sorted)
    return draw(st.lists(st.tuples(terms, st.sampled_from([-1.0, -0.5, 0.0, 0.5])), max_size=4)), budget


def rows_of_town(lines, budget):
    """Return every row of the town as G and g."""
    own, sides, _ = TOWN_MODEL[budget]
    more = np.zeros((len(lines), len(own[0])))
    for i, (terms, _) in enumerate(lines):
        more[i, list(terms)] = list(terms.values())
    return np.vstack([own, more]), np.array([*sides, *(least for _, least in lines)], np.float64)
