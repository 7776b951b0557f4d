"""Lift-and-project cuts mean the same in every live program, and small programs are solved right."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.backends.small_program import SmallPrograms
from optimiser.engine.search.rows import SplitRows, starts
from optimiser.problem import Candidate, City, DesignProblem, Pair


def rows_of(*lines):
    """Return rows from ({column: value}, least)."""
    return SplitRows(
        starts(np.array([len(terms) for terms, _ in lines], np.int64)),
        np.array([column for terms, _ in lines for column in terms], np.int64),
        np.array([value for terms, _ in lines for value in terms.values()], np.float64),
        np.array([least for _, least in lines], np.float64),
    )


COSTS, WEIGHTS, CITY = [101, 203, 407], [103, 211], 401
"""Costs and weights that tell every sum of some of them from any other."""


def town(budget):
    """Three candidates, two pairs and a city that needs one of them; links do not matter to the master."""
    return DesignProblem(
        name="town",
        nodes=("a", "b", "c"),
        arcs=(),
        candidates=tuple(Candidate(f"c{j}", cost, ((0, 1, 1),)) for j, cost in enumerate(COSTS)),
        pairs=(Pair(0, 1, 1, WEIGHTS[0]), Pair(0, 2, 1, WEIGHTS[1])),
        budget=budget,
        cities=(City("t", CITY, (0, 1), 1),),
        excludes=(("c0", "c2"),),
    )


OWN = {
    508: (
        [[-101, -203, -407, 0, 0, 0], [-1, 0, -1, 0, 0, 0], [0, 0, 0, 1, 1, -1]],
        [-508, -1, 0],
        [0, 0, 0, *WEIGHTS, CITY],
    ),
    None: ([[-1, 0, -1]], [-1], [-cost for cost in COSTS]),
}
"""Rows `G v >= g` of the town with and without a budget, and what its columns are worth."""


@st.composite
def stated(draw):
    """Draw rows, and the budget of the town that they are stated for."""
    budget = draw(st.sampled_from([508, None]))
    values = st.sampled_from([-1.0, -0.5, 0.25, 0.75, 2.0])
    columns = st.integers(0, len(OWN[budget][2]) - 1)
    terms = st.dictionaries(columns, values, max_size=4).map(lambda row: dict(sorted(row.items())))
    return draw(st.lists(st.tuples(terms, st.sampled_from([-1.0, -0.5, 0.0, 0.5])), max_size=4)), budget


def all_rows(lines, budget):
    """Return every row of the town as G and g."""
    own, sides, _ = OWN[budget]
    more = np.zeros((len(lines), len(own[0])))
    for i, (terms, _) in enumerate(lines):
        more[i, list(terms)] = list(terms.values())
    return np.vstack([own, more]), np.array([*sides, *(least for _, least in lines)], np.float64)


@given(stated())
@settings(max_examples=60, deadline=None)
def test_a_live_program_keeps_to_the_rows_and_states_them(drawn_rows):
    lines, budget = drawn_rows
    matrix, sides = all_rows(lines, budget)
    program = LiveProgram(town(budget), seed=0)
    program.add_splits(rows_of(*lines))
    answer = program.solve(seconds=10.0)
    best = linprog(-np.array(OWN[budget][2]), A_ub=-matrix, b_ub=-sides, bounds=(0, 1), method="highs")
    assert answer.ending == ("optimal" if best.success else "empty")
    if best.success:
        assert answer.worth == pytest.approx(-best.fun, abs=1e-4)
        point = program.columns_of(answer)
        assert point.shape == (len(OWN[budget][2]),)
        assert (matrix @ point >= sides - 1e-6).all()
        assert point @ OWN[budget][2] == pytest.approx(-best.fun, abs=1e-4)
    left, least, own = program.rows()
    said = sorted((*row, side, mine) for row, side, mine in zip(left.toarray(), least, own, strict=True))
    mine = [i < len(OWN[budget][1]) for i in range(len(sides))]
    assert said == sorted((*row, side, yes) for row, side, yes in zip(matrix, sides, mine, strict=True))


@given(stated())
@settings(max_examples=40, deadline=None)
def test_the_tree_of_scip_keeps_to_the_rows(drawn_rows):
    pytest.importorskip("pyscipopt")
    from optimiser.engine.backends.scip_model import add_splits, tree_model

    lines, budget = drawn_rows
    made = tree_model(town(budget), fixed=None, seed=1)
    add_splits(made, rows_of(*lines))
    made.model.hideOutput()
    made.model.optimize()
    matrix, sides = all_rows(lines, budget)
    worth, size = np.array(OWN[budget][2]), len(COSTS)
    found = []
    for whole in itertools.product((0, 1), repeat=len(worth) - (2 if budget else 0)):
        fixed = [(v, v) for v in whole]
        bounds = [*fixed[:size], (0, 1), (0, 1), *fixed[size:]] if budget else fixed
        best = linprog(-worth, A_ub=-matrix, b_ub=-sides, bounds=bounds, method="highs")
        found += [-best.fun] if best.success else []
    assert made.model.getStatus() == ("optimal" if found else "infeasible")
    sign = 1.0 if budget else -1.0
    assert not found or sign * made.divisor * made.model.getObjVal() == pytest.approx(max(found), abs=1e-3)


@pytest.mark.parametrize("levels", [True, False])
def test_constraints_of_scip_have_the_coefficients_of_the_rows(levels):
    pytest.importorskip("pyscipopt")
    from optimiser.engine.backends.scip_model import add_splits, tree_model

    made = tree_model(town(508 if levels else None), fixed=None, seed=1)
    before = len(made.model.getConss())
    lines = [({0: 0.5, 2: -1.0}, 0.25), ({1: 2.0}, -0.5)]
    if levels:
        lines += [({0: -0.5, 3: 0.25, 5: 0.75}, 0.0), ({4: -1.0, 5: -2.0}, -1.5)]
    add_splits(made, rows_of(*lines))
    constraints = made.model.getConss()[before:]
    names = [x.name for x in (*made.built, *made.level, *made.city)]
    assert len(names) == (6 if levels else 3)
    assert [cons.name for cons in constraints] == [f"split{i}" for i in range(len(lines))]
    for cons, (terms, least) in zip(constraints, lines, strict=True):
        said = made.model.getValsLinear(cons)
        assert {str(name): value for name, value in said.items()} == {names[i]: v for i, v in terms.items()}
        assert made.model.getLhs(cons) == least
        assert made.model.isInfinity(made.model.getRhs(cons))


@pytest.mark.parametrize("keeps", [True, False])
def test_rows_that_are_kept_stay_although_they_do_not_bind(keeps):
    program = LiveProgram(town(508), seed=0)
    program.add_splits(rows_of(({0: 0.5, 3: 0.5}, -7.0), ({3: -1.0, 4: -1.0}, -1.0)))
    if keeps:
        program.keep()
    program.add_splits(rows_of(({1: 1.0}, -5.0), ({5: -1.0}, -1.0)))
    before = program.solve(seconds=10.0)
    assert before.worth == pytest.approx(WEIGHTS[1] + CITY)
    assert program.drop_slack() == (1 if keeps else 2)
    _, least, own = program.rows()
    assert least.tolist().count(-7.0) == (1 if keeps else 0)
    assert -5.0 not in least
    assert own.sum() == len(OWN[508][1]) + (2 if keeps else 0)
    assert program.solve(seconds=10.0).worth == pytest.approx(before.worth)


@st.composite
def small_programs(draw):
    """Draw rows over a few columns, the last of which makes up for what a row is short by, and bounds."""
    size, count = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    whole = st.lists(st.integers(-3, 3), min_size=size, max_size=size)
    matrix = np.array([[*draw(whole), draw(st.sampled_from([0, 1, 2]))] for _ in range(count)], np.float64)
    least = np.array([draw(st.integers(-3, 6)) for _ in range(count)], np.float64)
    lower = np.array([draw(st.sampled_from([0.0, 0.25])) for _ in range(size)])
    upper = lower + np.array([draw(st.sampled_from([0.0, 0.5])) for _ in range(size)])
    return matrix, least, np.append(lower, 0.0), np.append(upper, np.inf)


@given(st.lists(small_programs(), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_small_programs_end_at_the_optimum_one_after_the_other_with_duals_that_prove_it(programs):
    solve = SmallPrograms()
    for matrix, least, lower, upper in programs:
        cost = np.append(np.zeros(len(lower) - 1), 1.0)
        bounds = list(zip(lower, upper, strict=True))
        best = linprog(cost, A_ub=-matrix, b_ub=-least, bounds=bounds, method="highs")
        found = solve(csr_array(matrix), least, lower, upper)
        assert (found is not None) == best.success
        if found is None:
            continue
        values, duals = found
        assert values[-1] == pytest.approx(best.fun, abs=1e-6)
        assert (matrix @ values >= least - 1e-6).all()
        assert (duals >= -1e-9).all()
        reduced = (cost - duals @ matrix)[:-1]
        at_best = np.where(reduced > 0, lower[:-1], upper[:-1])
        assert duals @ least + reduced @ at_best == pytest.approx(best.fun, abs=1e-6)
