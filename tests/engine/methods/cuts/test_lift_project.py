from __future__ import annotations

import dataclasses
import functools
import itertools
import random

import numpy as np
import pulp
import pytest
from core_drawing import brute_force, covered_by, dense_problem, plan_value
from cut_drawing import mesh
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from tiers import examples

from optimiser.engine.backends.highs import SmallLps
from optimiser.engine.backends.interfaces import FEASIBILITY_TOLERANCE
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation, relax
from optimiser.engine.methods.cuts.root import LEAST_DEPTH, PARALLEL, Splitter
from optimiser.engine.models.cuts_master import add_partition_inequalities, build_master
from optimiser.engine.models.decisions import scale_of
from optimiser.engine.presolve import reduce
from optimiser.engine.search.rows import packed
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair

DRAWN = 200
ROUNDS = 3


def converged(problem):
    """Return the relaxation with all time cuts that count, and its last solution."""
    t, program = tables(problem), Relaxation(problem, seed=0)
    last, _ = relax(program, CutFinder(t), left=lambda: 10.0, report=lambda _solution, _found: False)
    return program, last


@functools.cache
def fractional_problems():
    """Return reduced problems whose relaxation has fractional candidates, with it and its solution."""
    found = []
    for seed in range(DRAWN):
        problem = reduce(dense_problem(seed)).problem
        if not problem.candidates or not problem.pairs:
            continue
        program, solution = converged(problem)
        if solution.status == "optimal" and len(fractional(problem, program.point(solution))):
            found.append((problem, program, solution))
    return found


def fractional(problem, point, *, with_pairs=False):
    """Return the candidates, and the columns of the pairs where asked for, with fractional values."""
    pairs = len(problem.pairs) if with_pairs and not problem.must_cover else 0
    built = point[: len(problem.candidates) + pairs]
    return np.flatnonzero((built > FEASIBILITY_TOLERANCE) & (built < 1.0 - FEASIBILITY_TOLERANCE)).tolist()


def columns_of_plans(problem):
    """Return what every plan that breaks no rule builds and covers, as columns of the model."""
    names, found = [c.id for c in problem.candidates], []
    for row in itertools.product((0.0, 1.0), repeat=len(names)):
        built = {name for name, yes in zip(names, row, strict=True) if yes}
        if plan_value(problem, built) is None:
            continue
        pair = covered_by(problem, built)
        city = [sum(pair[k] for k in c.pairs) >= c.need for c in problem.cities]
        found.append(row if problem.must_cover else [*row, *map(float, pair), *map(float, city)])
    columns = len(names) + (0 if problem.must_cover else len(problem.pairs) + len(problem.cities))
    return np.array(found).reshape(-1, columns)


def by_hand(matrix, least, point, solve=None):
    return Splitter(csr_array(matrix), least, np.ones(len(least), np.bool_), point, solve or SmallLps())


def dense(found, size):
    """Return all coefficients, and the right side, of single rows."""
    for row in found:
        alpha = np.zeros(size)
        alpha[row.column] = row.value
        yield alpha, float(row.least[0])


def test_every_row_holds_for_every_plan_and_is_violated_at_its_point():
    seen, with_rows = (
        dict.fromkeys(["budget", "all", "caps", "capacities", "targets", "cities", "sides"], 0),
        0,
    )
    for problem, program, solution in fractional_problems():
        plans, point = columns_of_plans(problem), np.clip(program.point(solution), 0.0, 1.0)
        splitter = Splitter(*program.rows(), point, SmallLps())
        found = [row for j in fractional(problem, point, with_pairs=True) if len(row := splitter.cut(j))]
        for alpha, least in dense(found, len(point)):
            assert (plans @ alpha >= least - 1e-9).all()
            assert least - alpha @ point > LEAST_DEPTH
            assert np.linalg.norm(alpha) == pytest.approx(1.0, rel=1e-4)
        with_rows += bool(found)
        if found:
            seen["budget"] += problem.budget is not None
            seen["all"] += problem.must_cover
            seen["caps"] += bool(problem.caps)
            seen["capacities"] += bool(problem.capacities)
            seen["targets"] += bool(problem.targets)
            seen["cities"] += bool(problem.cities)
            seen["sides"] += bool(problem.excludes or problem.requires)
    assert with_rows >= 15
    assert min(seen.values()) >= 1, seen


def test_rows_of_higher_rank_hold_for_every_plan_and_no_bound_falls_below_the_best_one():
    second = 0
    for problem, _, _ in fractional_problems():
        program, solution = converged(problem)
        plans, best = columns_of_plans(problem), brute_force(problem)
        factor = scale_of(problem) * (-1 if problem.budget is None else 1)
        for number in range(ROUNDS):
            point = program.point(solution)
            splitter = Splitter(*program.rows(), point, SmallLps())
            rows = splitter.kept(
                [row for j in fractional(problem, point, with_pairs=True) if len(row := splitter.cut(j))]
            )
            if not len(rows):
                break
            second += number > 0
            assert all((rows.left_side(plan) >= rows.least).all() for plan in plans)
            program.add_splits(rows)
            later = program.solve(seconds=10.0)
            if best is None:
                break
            assert later.status == "optimal"
            assert later.objective >= best / factor - 1e-6
            assert later.objective <= solution.objective + 1e-6 * max(1.0, abs(solution.objective))
            solution = later
    assert second >= 10


class Careless:
    """Solves small linear programs, and returns multipliers that are more or less wrong."""

    def __init__(self, seed):
        self._solve = SmallLps()
        self._chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret

    def __call__(self, matrix, least, lower, upper):
        found = self._solve(matrix, least, lower, upper)
        if found is None:
            return None
        values, duals = found
        return values, np.array([dual * self._chance.choice([0.9, 1.0, 1.1, 1.5]) - 1e-3 for dual in duals])


def test_rows_of_wrong_multipliers_are_valid_too():
    total = 0
    for seed, (problem, program, solution) in enumerate(fractional_problems()):
        plans, point = columns_of_plans(problem), program.point(solution)
        splitter = Splitter(*program.rows(), point, Careless(seed))
        found = [row for j in fractional(problem, point, with_pairs=True) if len(row := splitter.cut(j))]
        assert all((row.least - row.left_side(np.clip(point, 0.0, 1.0)) > LEAST_DEPTH).all() for row in found)
        rows = splitter.kept(found)
        assert all((rows.left_side(plan) >= rows.least).all() for plan in plans)
        total += len(rows)
    assert total >= 10


def test_there_is_no_row_where_the_membership_program_was_not_solved():
    problem, program, solution = fractional_problems()[0]
    point = program.point(solution)
    splitter = Splitter(*program.rows(), point, lambda *_: None)
    assert not any(len(splitter.cut(j)) for j in fractional(problem, point))


def test_there_is_no_row_without_rows():
    splitter = by_hand(np.zeros((0, 3)), np.zeros(0), np.full(3, 0.5))
    assert not len(splitter.cut(0))


def test_a_mean_of_plans_is_not_cut_off():
    """Either link, not both, and the pair with the first one: half of each is a mean of two plans."""
    matrix = np.array([[-1.0, -1.0, 0.0], [1.0, 0.0, -1.0]])
    splitter = by_hand(matrix, np.array([-1.0, 0.0]), np.full(3, 0.5))
    assert not len(splitter.cut(0))
    assert not len(splitter.cut(1))


@pytest.mark.parametrize("j", [0, 1])
def test_half_of_two_links_that_exclude_each_other_covers_no_pair_that_needs_both(j):
    """x1 + x2 <= 1, y <= x1, y <= x2: no point with y > 0 lies between plans, so that y <= 0 is deepest."""
    matrix = np.array([[-1.0, -1.0, 0.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    row = by_hand(matrix, np.array([-1.0, 0.0, 0.0]), np.full(3, 0.5)).cut(j)
    ((alpha, least),) = dense([row], 3)
    assert alpha == pytest.approx([0.0, 0.0, -1.0], abs=1e-5)
    assert least == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("number", range(6))
def test_multipliers_of_a_single_row_give_no_violated_row(number):
    """Each row of a side alone, 3 with and 3 without a candidate, says no more than the point keeps."""

    def single(matrix, _least, _lower, _upper):
        return np.ones(matrix.shape[1]), np.eye(matrix.shape[0])[number]

    matrix = np.array([[-1.0, -1.0, 0.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    assert not len(by_hand(matrix, np.array([-1.0, 0.0, 0.0]), np.full(3, 0.5), single).cut(0))


def corridors(unit=1):
    """Two corridors of two links of cost `unit`, a pair along each, and money for one and a half of them."""
    links = [[(0, 1, 1)], [(1, 2, 1)], [(3, 4, 1)], [(4, 5, 1)]]
    drawn = mesh(6, [], links, [Pair(0, 2, 2, 1), Pair(3, 5, 2, 1)], budget=3).canonical()
    if unit == 1:
        return drawn
    first, *others = (dataclasses.replace(c, cost=unit) for c in drawn.candidates)
    dearer = dataclasses.replace(first, cost=unit + 1)  # the costs have no common divisor
    return drawn.replace(candidates=(dearer, *others), budget=3 * unit)


def bounds_of_corridors(*, again, unit=1):
    """Return the bound after each round; `again`: with rows of higher rank."""
    program, solution = converged(corridors(unit))
    first, bounds = program.rows(), [solution.objective]
    for _ in range(20):
        point = program.point(solution)
        splitter = Splitter(*(program.rows() if again else first), point, SmallLps())
        found = [row for j in fractional(corridors(), point) if len(row := splitter.cut(j))]
        if not found:
            break
        program.add_splits(splitter.kept(found))
        solution = program.solve(seconds=10.0)
        bounds.append(solution.objective)
    return bounds


def test_the_rank_1_bound_of_one_and_a_half_corridors_is_four_thirds():
    """The best plan covers one pair; y1 = x1 = x2, y2 = x3 = x4 and 2 y1 + 2 y2 <= 3 are worth 3/2.

    A plan that builds link 1 has money for two more, so that 2 y2 + y1 <= 2 holds with y2 <= x3, x4; one that
    does not has y1 = 0, and it holds with y2 <= 1. By links 3 and 4 it is 2 y1 + y2 <= 2, and both make
    y1 + y2 <= 4/3. No row of a single candidate goes further: 2/3 of all is, for link 1, a mean of link 1, 2
    and half of the others, two times, and of links 3 and 4 alone.
    """
    bounds = bounds_of_corridors(again=False)
    assert bounds[0] == pytest.approx(3 / 2)
    assert bounds[-1] == pytest.approx(4 / 3, abs=1e-3)
    assert min(bounds) >= 4 / 3 - 1e-6


def test_rows_of_higher_rank_bring_the_bound_of_one_and_a_half_corridors_down_to_the_best_plan():
    bounds = bounds_of_corridors(again=True)
    assert bounds[-1] == pytest.approx(1.0, abs=1e-3)
    assert min(bounds) >= 1.0


def test_the_model_states_the_row_of_each_corridor():
    """y1 + 2 y2 <= 2 and 2 y1 + y2 <= 2 are worth 4/3 together, as the docstring of the row has it."""
    lp, decisions = build_master(corridors())
    rows = [((k,), {j: 1}) for k, j in ((0, 0), (0, 1), (1, 2), (1, 3))]
    add_partition_inequalities(lp, decisions, rows)
    first, second = decisions.y
    lp.addConstraint(first + 2 * second <= 2)
    lp.addConstraint(2 * first + second <= 2)
    lp.solve(pulp.HiGHS(msg=False, threads=1, mip=False))
    assert pulp.value(lp.objective) == pytest.approx(4 / 3)


@pytest.mark.parametrize("unit", [10**5, 10**8, 10**11])
def test_the_unit_of_money_does_not_matter(unit):
    assert bounds_of_corridors(again=True, unit=unit)[-1] == pytest.approx(1.0, abs=1e-3)


@st.composite
def rows_to_keep(draw):
    """Draw rows with a norm of 1 that a point breaks, many of them alike; return them and the point."""
    size = 4
    point = np.full(size, 0.5)
    found = []
    for _ in range(draw(st.integers(0, 8))):
        alpha = np.array(draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size)), np.float64)
        norm = np.linalg.norm(alpha)
        alpha = alpha / norm if norm else np.eye(size)[0]
        found.append((alpha, float(alpha @ point) + draw(st.integers(1, 50)) / 100))
    return found, point


@given(rows_to_keep())
@examples(150)
def test_of_rows_that_are_nearly_parallel_the_deepest_is_kept(drawn):
    found, point = drawn
    packs = [packed(alpha, least, terms=1.0) for alpha, least in found]
    rows = by_hand(np.zeros((0, len(point))), np.zeros(0), point).kept(packs)
    kept = np.zeros((len(rows), len(point)))
    for i, (low, high) in enumerate(itertools.pairwise(rows.start.tolist())):
        kept[i, rows.column[low:high]] = rows.value[low:high]
    depth = rows.least - rows.left_side(point)
    assert (depth[:-1] >= depth[1:] - 1e-6).all()
    alike = kept @ kept.T - np.eye(len(kept))
    assert alike.max(initial=-1.0) < PARALLEL + 1e-12  # sums in another order round otherwise
    for alpha, least in found:
        above = (kept @ alpha >= PARALLEL - 1e-12) & (depth >= least - alpha @ point - 1e-6)
        assert above.any()


def test_the_cut_of_a_budget_for_less_than_two_uses_that_nothing_is_built_twice():
    """3 a + 3 b <= 5: with a built at most 2/3 of b is, without it all of b may be, so a / 3 + b <= 1."""
    point = np.array([5 / 6, 5 / 6])
    for j in (0, 1):
        ((alpha, least),) = dense([by_hand([[-3.0, -3.0]], np.array([-5.0]), point).cut(j)], 2)
        facet = np.array([-1 / 3, -1.0] if j == 0 else [-1.0, -1 / 3]) / np.sqrt(10 / 9)
        assert alpha == pytest.approx(facet, abs=1e-4)
        assert least == pytest.approx(-1 / np.sqrt(10 / 9), abs=1e-4)
