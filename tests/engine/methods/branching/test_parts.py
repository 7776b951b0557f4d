from __future__ import annotations

from importlib.util import find_spec
from itertools import product
from threading import Event

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from cut_drawing import two_of_three
from engine_running import solved_root
from hypothesis import HealthCheck, given
from tiers import examples

from optimiser.engine.backends.interfaces import TreeOutcome
from optimiser.engine.methods.branching import tree_search
from optimiser.engine.methods.branching.tree import Node
from optimiser.engine.methods.branching.tree_search import fixings, search_in_solver, search_parts, split
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables

needs_scip = pytest.mark.skipif(find_spec("pyscipopt") is None, reason="SCIP is not installed")


@pytest.fixture
def always_split(monkeypatch):
    """Split every search, however narrow its gap."""
    monkeypatch.setattr(tree_search, "SPLIT_BEYOND", -1.0)


def split_root(t, root, *, seconds=30.0):
    return split(root.program, root.solution, parts=4, cutoff=-np.inf, size=t.size, left=lambda: seconds)


@needs_scip
@pytest.mark.usefixtures("always_split")
@given(side_problems())
@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_searched_beside_each_other_find_what_trying_every_plan_finds(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t, incumbent, _, task, root = solved_root(small, solver="scip", threads=2)
    reason = root if isinstance(root, str) else search_in_solver(t, incumbent, task, root)[0]
    best = brute_force(small)
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
    else:
        assert (reason, objective_of(t, incumbent.best)) == ("proof", best)


@given(side_problems())
@examples(40)
def test_every_feasible_plan_lies_in_exactly_one_part_without_a_cutoff(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t, _, _, _, root = solved_root(small)
    if isinstance(root, str):
        return
    fixed = [fixings(part, t.size) for part in split_root(t, root)]
    for choice in product((False, True), repeat=t.size):
        mask = np.array([*choice, True])
        if fits(t, mask):
            assert sum(all(mask[:-1][side >= 0] == side[side >= 0]) for side in fixed) == 1


def test_a_split_resets_the_bounds_of_the_program():
    t, _, _, _, root = solved_root(reduce(line()).problem)
    assert not isinstance(root, str), "the root left nothing to split"
    before = root.program.solve(seconds=30.0).objective
    split_root(t, root)
    assert root.program.solve(seconds=30.0).objective == pytest.approx(before)


def test_no_parts_prove_the_plan_that_is_known():
    t = tables(line())
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    incumbent.plan(np.array([False] * t.size + [True]), "given")
    reason = search_parts([], incumbent, lambda *_: None, threads=2, to_objective=lambda scaled: scaled)
    assert reason == "proof"


def test_no_parts_and_no_plan_prove_that_there_is_none():
    incumbent = mask_incumbent(tables(line()), seconds=300.0, send=lambda _: None)
    reason = search_parts([], incumbent, lambda *_: None, threads=2, to_objective=lambda scaled: scaled)
    assert reason == "infeasible"


@needs_scip
@pytest.mark.shared
@pytest.mark.usefixtures("always_split")
def test_two_searches_in_parts_find_the_same_plan_and_report_no_bound_below_it(shared_dir):
    from optimiser.problem import load

    problem = reduce(load(shared_dir / "instances/public/siouxfalls_03.json")).problem
    plans = []
    for _ in range(2):
        t, incumbent, sent, task, root = solved_root(problem, solver="scip", threads=2)
        search_in_solver(t, incumbent, task, root)
        plans.append(incumbent.best.tolist())
        bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
        assert bounds
        assert min(bounds) >= objective_of(t, incumbent.best) - 1e-6
    assert plans[0] == plans[1]


def test_without_time_nothing_is_split():
    t, _, _, _, root = solved_root(reduce(line(budget=3)).problem)
    assert not isinstance(root, str)
    assert [part.decision for part in split_root(t, root, seconds=0.0)] == [-1]


def part(bound):
    return Node(bound, np.zeros(3), np.ones(3))


def test_the_bound_of_the_whole_is_the_weakest_of_its_parts():
    incumbent = mask_incumbent(tables(line()), seconds=300.0, send=lambda _: None)
    reports = {14.0: [], 13.0: [15.0, 12.5], 12.0: [11.0]}
    seen = []

    def search(node, mine):
        for bound in reports[node.bound]:
            mine.bound(bound, "tree")
            seen.append(incumbent.best_bound)
        return TreeOutcome(None, "time" if reports[node.bound] else "infeasible", 0, 0)

    parts = [part(bound) for bound in reports]
    reason = search_parts(parts, incumbent, search, threads=1, to_objective=lambda scaled: scaled)
    assert reason == "time"
    assert seen == [13.0, 12.5, 12.5]
    assert incumbent.best_bound == 12.5


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["proof", "infeasible"], "proof"),
        (["proof", "time", "gap"], "time"),
        (["nodes", "gap", "proof"], "nodes"),
        (["stalled", "gap"], "stalled"),
        (["gap", "proof"], "gap"),
    ],
)
def test_the_weakest_reason_of_the_parts_is_returned(reasons, expected):
    t = tables(line())
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    incumbent.plan(np.array([False] * t.size + [True]), "given")
    ends = iter(reasons)
    parts = [part(14.0) for _ in reasons]
    reason = search_parts(
        parts,
        incumbent,
        lambda _part, _mine: TreeOutcome(None, next(ends), 0, 0),
        threads=1,
        to_objective=lambda scaled: scaled,
    )
    assert reason == expected


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("equal", [True, False])
def test_of_equal_plans_that_of_the_first_part_counts_whichever_is_faster(first, equal):
    """Each part finds one plan of the triangle; the part that is to be slower waits for the other."""
    problem = two_of_three(budget=2)
    t = tables(problem)
    sent = []
    incumbent = mask_incumbent(t, seconds=300.0, send=sent.append)
    plans = [np.array([True, True, False, True]), np.array([False, True, True, True])]
    if not equal:
        plans[1] = np.array([False, True, False, True])
    is_found = [Event(), Event()]

    def search(node, mine):
        i = int(node.bound)
        if i != first:
            is_found[first].wait(10)
        mine.plan(plans[i], "tree")
        is_found[i].set()
        return TreeOutcome(None, "proof", 0, 0)

    search_parts([part(0.0), part(1.0)], incumbent, search, threads=2, to_objective=lambda scaled: scaled)
    assert incumbent.best.tolist() == plans[0].tolist()
    assert [one["built"] for one in sent if one["kind"] == "plan"][-1] == [0, 1]
