from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from core_drawing import line
from cut_drawing import two_of_three
from engine_running import LONG_S, solved_root
from split_drawing import corridors, drawn, no_bound_is_wrong, time_cuts_only

from optimiser.engine.methods.cuts import root as root_module
from optimiser.engine.methods.cuts.relaxation import CutFinder, Relaxation
from optimiser.engine.methods.cuts.root import (
    BINDING,
    NEARLY_BINDING,
    ObjectiveScale,
    RootRelaxation,
    add_split_cuts,
    binding_rows,
    solve_root,
)
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.rows import joined
from optimiser.engine.search.tables import tables


@pytest.fixture
def no_partitions(monkeypatch):
    time_cuts_only(monkeypatch)


def roots():
    """Return (problem, its optimum, tables, incumbent, its messages, root) of problems with an open root."""
    begun = [(problem, best, *solved_root(problem)) for problem, best in drawn()]
    return [(*found[:5], found[-1]) for found in begun if isinstance(found[-1], RootRelaxation)]


def is_unchanged(before, later, rows_before):
    assert later.solution is before.solution
    assert later.program is before.program
    assert len(later.splits) == 0
    assert all(one is other for one, other in zip(later.rows, before.rows, strict=True))
    assert before.program.rows()[0].shape[0] == rows_before
    return True


# ---- the relaxation by time cuts


def test_the_root_of_each_problem_bounds_its_best_plan():
    for problem, best in drawn():
        t, incumbent, sent, _, root = solved_root(problem)
        if best is not None:
            assert root != "infeasible"
            assert no_bound_is_wrong(problem, best, sent)
        if isinstance(root, RootRelaxation):
            assert root.solution.status == "optimal"
            assert root.x.shape == (t.size,)
            assert incumbent.cuts == sum(len(rows) for rows in root.rows)


def test_a_root_without_time_ends_by_time():
    assert solved_root(reduce(line()).problem, seconds=0.0)[-1] == "time"


def test_a_root_without_a_point_is_infeasible():
    excludes = (("c0", "c1"), ("c0", "c2"), ("c1", "c2"))
    assert solved_root(two_of_three(excludes=excludes))[-1] == "infeasible"


@pytest.mark.parametrize(("gap", "ending"), [(0.0, "proof"), (0.9, "gap")])
def test_a_root_ends_when_the_gap_is_closed(gap, ending):
    """With the best plan known the relaxation proves it; with none of the links a wide gap is closed."""
    problem = two_of_three(budget=3)
    incumbent = mask_incumbent(
        tables(problem), seconds=LONG_S, send=lambda _: None, base=0 if gap == 0 else 10
    )
    incumbent.plan(np.array([gap == 0.0] * 3 + [True]), "given")
    cuts = CutFinder(tables(problem))
    assert solve_root(tables(problem), incumbent, Relaxation(problem, seed=1), cuts, gap=gap) == ending


@pytest.mark.parametrize("budget", [2, None])
def test_scaled_objectives_are_maximised_integers(budget):
    problem = two_of_three(costs=[6, 4, 10], budget=None if budget is None else 20)
    incumbent = mask_incumbent(tables(problem), seconds=LONG_S, send=lambda _: None)
    scale = ObjectiveScale(incumbent, Relaxation(problem, seed=1).divisor)
    plan = np.array([True, True, False, True])
    value = scale.of_plan(plan)
    assert value == (-5 if budget is None else 1)
    assert scale.to_objective(value) == (10 if budget is None else 1)
    assert scale.of_plan(None) == -math.inf
    assert (scale.of_plan(np.array([False] * 3 + [True])) == -math.inf) == (budget is None)


def test_binding_rows_are_distinct_and_nearly_bind():
    for _, _, _, _, _, root in roots()[:10]:
        rows = binding_rows(root)
        assert len(rows)
        assert (rows.right_side(root.x) <= rows.left_side(root.solution.y) + NEARLY_BINDING).all()
        assert len(joined([rows])) == len(rows)


# ---- lift-and-project cuts


@pytest.mark.usefixtures("no_partitions")
def test_no_bound_is_above_the_one_before_nor_below_the_best_plan():
    nearer = 0
    for problem, best, _, incumbent, sent, root in roots():
        before = root.solution.objective
        later = add_split_cuts(incumbent, root, least_fractional=1)
        assert later.solution.objective <= before + 1e-6 * max(1.0, abs(before))
        nearer += later.solution.objective < before - 1e-3
        if best is None:
            continue
        least = scaled(root, best)
        assert later.solution.objective >= least - 1e-6 * max(1.0, abs(least))
        assert no_bound_is_wrong(problem, best, sent)
    assert nearer >= 20


def scaled(root, objective):
    """Return an objective in the scale of the relaxation."""
    return objective / root.scale.to_objective(1.0)


@pytest.mark.usefixtures("no_partitions")
def test_the_rows_returned_bind_at_the_point_returned_and_are_in_the_program():
    total = 0
    for _, _, _, incumbent, _, root in roots():
        later = add_split_cuts(incumbent, root, least_fractional=1)
        slack = later.splits.left_side(root.program.point(later.solution)) - later.splits.least
        assert (slack <= BINDING).all()
        assert (slack >= -1e-6).all()
        assert np.isin(later.splits.least, root.program.rows()[1]).all()
        total += len(later.splits)
    assert total >= 30


@pytest.mark.usefixtures("no_partitions")
def test_a_new_program_with_the_rows_returned_has_the_bound_returned():
    for problem, _, _, incumbent, _, root in roots():
        later = add_split_cuts(incumbent, root, least_fractional=1)
        program = Relaxation(problem, seed=0)
        program.add_splits(later.splits)
        for rows in later.rows:
            program.add(rows)
        again = program.solve(seconds=LONG_S)
        assert again.objective == pytest.approx(later.solution.objective, rel=1e-5, abs=1e-5)


@pytest.mark.usefixtures("no_partitions")
def test_the_root_is_left_unchanged():
    for _, _, _, incumbent, _, root in roots():
        solution, rows = root.solution, root.rows
        add_split_cuts(incumbent, root, least_fractional=1)
        assert root.solution is solution
        assert root.rows is rows
        assert len(root.splits) == 0


@pytest.mark.usefixtures("no_partitions")
def test_nothing_is_done_with_few_fractional_candidates():
    for problem, _, _, incumbent, sent, root in roots():
        rows, messages = root.program.rows()[0].shape[0], len(sent)
        too_many = len(problem.candidates) + 1
        assert is_unchanged(root, add_split_cuts(incumbent, root, least_fractional=too_many), rows)
        assert is_unchanged(root, add_split_cuts(incumbent, root), rows)
        assert len(sent) == messages


@pytest.mark.usefixtures("no_partitions")
def test_nothing_is_done_with_many_pairs(monkeypatch):
    for problem, _, _, incumbent, _, root in roots()[:5]:
        monkeypatch.setattr(root_module, "LARGE_SPLITS", len(problem.pairs))
        assert add_split_cuts(incumbent, root, least_fractional=1) is root


def test_nothing_is_done_with_partition_inequalities():
    seen = 0
    for _, _, _, incumbent, _, root in roots():
        if any((rows.pair_counts > 1).any() for rows in root.rows):
            assert add_split_cuts(incumbent, root, least_fractional=1) is root
            seen += 1
    assert seen >= 3


@pytest.mark.usefixtures("no_partitions")
def test_nothing_is_done_without_time():
    for _, _, t, _, _, root in roots():
        rows, sent = root.program.rows()[0].shape[0], []
        over = mask_incumbent(t, seconds=0.0, send=sent.append)
        assert is_unchanged(root, add_split_cuts(over, root, least_fractional=1), rows)
        assert not sent


@pytest.mark.usefixtures("no_partitions")
def test_nothing_is_done_near_the_best_plan(monkeypatch):
    monkeypatch.setattr(root_module, "SPLITS_BEYOND", 1e9)
    _, _, t, incumbent, _, root = next(found for found in roots() if found[1] is not None)
    masks = (np.array([*choice, True]) for choice in itertools.product((False, True), repeat=t.size))
    assert any(incumbent.plan(mask, "given") for mask in masks)
    rows = root.program.rows()[0].shape[0]
    assert is_unchanged(root, add_split_cuts(incumbent, root, least_fractional=1), rows)


@pytest.mark.usefixtures("no_partitions")
@pytest.mark.parametrize("questions", [1, 2, 3, 5, 8])
def test_the_bound_holds_whenever_the_time_is_up(questions):
    for _, best, t, _, _, root in roots():
        before, left = root.solution.objective, iter([LONG_S] * questions)
        incumbent = mask_incumbent(t, seconds=LONG_S, send=lambda _: None)
        incumbent.left = lambda left=left: next(left, 0.0)
        later = add_split_cuts(incumbent, root, least_fractional=1)
        assert later.solution.status == "optimal"
        assert later.solution.objective <= before + 1e-6 * max(1.0, abs(before))
        assert best is None or later.solution.objective >= scaled(root, best) - 1e-5


@pytest.mark.usefixtures("no_partitions")
@pytest.mark.parametrize("least", [13, 15])
def test_rows_that_leave_no_point_end_with_the_last_point_there_was(least):
    """Half of one corridor and all of the other reach 16, rows of single candidates 14, a plan 11."""
    _, incumbent, _, _, root = solved_root(corridors(least))
    later = add_split_cuts(incumbent, root, least_fractional=1)
    assert later.solution.status == "optimal"
    assert later.solution.objective <= root.solution.objective + 1e-6
    assert root.program.solve(seconds=LONG_S).status == "infeasible"
    assert incumbent.best is None
