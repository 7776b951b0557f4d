from __future__ import annotations

import itertools
from importlib.util import find_spec

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from cut_drawing import clique_covers, two_of_three
from engine_running import LONG_S, solved_root
from hypothesis import given
from split_drawing import Idle, corridors, drawn, no_bound_is_wrong, time_cuts_only
from tiers import examples, long_case

from optimiser.engine.backends.interfaces import TreeModel
from optimiser.engine.methods.branching import tree_search
from optimiser.engine.methods.branching.tree_search import improve_beyond, prove, search_in_solver
from optimiser.engine.methods.cuts.relaxation import Relaxation
from optimiser.engine.methods.cuts.root import add_split_cuts
from optimiser.engine.methods.heuristics.lns import Improver
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem import Candidate, DesignProblem, Pair

needs_scip = pytest.mark.skipif(find_spec("pyscipopt") is None, reason="SCIP is not installed")


def proved(problem, *, solver="highs", threads=1, seconds=LONG_S, gap=0.0):
    """Return the reason, the incumbent, and what was sent, of the method on a reduced problem."""
    sent = []
    incumbent = mask_incumbent(tables(problem), seconds=seconds, send=sent.append)
    reason, _ = prove(tables(problem), incumbent, Task(problem, "cuts", seconds, gap, threads, 0, solver))
    return reason, incumbent, sent


def reduced(problem):
    """Return a reduced problem, None when nothing is left of it."""
    found = reduce(problem).problem
    return found if found.candidates and found.pairs else None


@pytest.mark.parametrize("threads", [1, 2])
def test_the_method_proves_the_line(threads):
    problem = reduce(line()).problem
    reason, incumbent, _ = proved(problem, threads=threads)
    assert (reason, objective_of(tables(problem), incumbent.best)) == ("proof", brute_force(problem))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_budget_that_only_tolerances_meet_is_branched_on(threads):
    # All three cost 10,000,007; with 0.9999997 of the dear one, an integer to HiGHS, 10,000,004.
    costs = {"c0": 3, "c1": 3, "c2": 10_000_001}
    links = [Candidate(name, cost, ((2 * i, 2 * i + 1, 1),)) for i, (name, cost) in enumerate(costs.items())]
    pairs = tuple(Pair(2 * i, 2 * i + 1, 1, weight) for i, weight in enumerate((2, 3, 4)))
    problem = DesignProblem("near", tuple("abcdef"), (), tuple(links), pairs, 10_000_004)
    reason, incumbent, sent = proved(problem, threads=threads)
    assert (reason, objective_of(tables(problem), incumbent.best)) == ("proof", 7)
    assert min(message["bound"] for message in sent if message["kind"] == "bound") == 7


@given(side_problems())
@examples(60)
def test_the_method_proves_what_trying_every_plan_finds(problem):
    problem = reduced(problem)
    if problem is None:
        return
    reason, incumbent, sent = proved(problem)
    best = brute_force(problem)
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
    else:
        assert (reason, objective_of(tables(problem), incumbent.best)) == ("proof", best)
        assert all(bound <= best if problem.budget is None else bound >= best for bound in bounds)


def test_constraints_that_no_plan_meets_are_proved_infeasible():
    reason, incumbent, _ = proved(two_of_three(excludes=(("c0", "c1"), ("c0", "c2"), ("c1", "c2"))))
    assert (reason, incumbent.best) == ("infeasible", None)


def test_without_time_the_reason_is_time():
    assert proved(two_of_three(budget=1), seconds=0.0)[0] == "time"


def test_the_method_ends_at_the_gap_asked_for():
    reason, incumbent, _ = proved(clique_covers(5, 3), gap=0.9)
    assert reason in {"gap", "proof"}
    assert incumbent.gap() <= 0.9


@needs_scip
@given(side_problems())
@examples(60)
def test_one_tree_of_scip_proves_what_trying_every_plan_finds(problem):
    problem = reduced(problem)
    if problem is None:
        return
    t, incumbent, _, task, root = solved_root(problem, solver="scip")
    reason = root if isinstance(root, str) else search_in_solver(t, incumbent, task, root)[0]
    best = brute_force(problem)
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
    else:
        assert (reason, objective_of(t, incumbent.best)) == ("proof", best)


# ---- trees that begin with lift-and-project cuts


@pytest.fixture
def no_partitions(monkeypatch):
    time_cuts_only(monkeypatch)


@pytest.fixture
def no_heuristics(monkeypatch):
    monkeypatch.setattr(tree_search, "start_plans", lambda *_, **__: Idle())


@pytest.fixture
def splits(monkeypatch):
    """Seek cuts from one fractional candidate on; return how many each root got."""
    counts = []

    def watched(incumbent, root, **how):
        later = add_split_cuts(incumbent, root, least_fractional=1, **how)
        counts.append(len(later.splits))
        return later

    monkeypatch.setattr(tree_search, "add_split_cuts", watched)
    return counts


def check(problem, best, incumbent, sent, reason):
    """Compare the end of the method with the best plan there is."""
    if best is None:
        assert (reason, incumbent.best) == ("infeasible", None)
        return
    assert reason == "proof"
    assert objective_of(tables(problem), incumbent.best) == best
    assert no_bound_is_wrong(problem, best, sent)


trees = pytest.mark.parametrize(
    ("solver", "threads"),
    [
        ("highs", 2),
        pytest.param("scip", 1, marks=needs_scip),
        long_case("highs", 1),
        pytest.param("scip", 2, marks=(needs_scip, pytest.mark.long)),
    ],
)


@pytest.mark.usefixtures("no_partitions", "no_heuristics")
@trees
def test_a_tree_of_which_each_program_begins_with_the_cuts_that_bind_ends_at_the_best_plan(
    solver, threads, splits, monkeypatch
):
    """Programs of the tree get their cuts after the one of the root got its last."""
    split_counts, added = [], []
    through = tree_search.add_split_cuts

    def spied(*arguments, **named):
        later = through(*arguments, **named)
        added.clear()  # what came before went into the relaxation of the root
        split_counts.append(len(later.splits))
        return later

    monkeypatch.setattr(tree_search, "add_split_cuts", spied)
    place, name = (Relaxation, "add_splits") if solver == "highs" else (TreeModel, "split_terms")
    add = getattr(place, name)

    def noted(into, rows):
        added.append(rows)
        return add(into, rows)

    monkeypatch.setattr(place, name, noted)
    seen = 0
    for problem, best in drawn():
        split_counts.clear()
        added.clear()
        reason, incumbent, sent = proved(problem, solver=solver, threads=threads)
        check(problem, best, incumbent, sent, reason)
        if split_counts and split_counts[0] and added:
            assert [len(rows) for rows in added] == [split_counts[0]] * len(added)
            assert solver == "scip" or len(added) == threads
            seen += 1
    assert seen >= 10
    assert len(drawn()) >= 40
    assert sum(count > 0 for count in splits) >= 20


@pytest.mark.parametrize(("solver", "threads"), [("highs", 2), pytest.param("scip", 1, marks=needs_scip)])
def test_the_method_with_the_cuts_and_heuristics_ends_at_the_best_plan(solver, threads, splits):
    for problem, best in drawn()[:12]:
        reason, incumbent, sent = proved(problem, solver=solver, threads=threads)
        check(problem, best, incumbent, sent, reason)
    assert sum(count > 0 for count in splits) >= 4


@pytest.mark.usefixtures("no_partitions", "no_heuristics", "splits")
@pytest.mark.parametrize("least", [11, 13, 15])
@trees
def test_a_tree_that_begins_with_the_cuts_proves_that_there_is_no_plan(solver, threads, least):
    problem = corridors(least)
    reason, incumbent, sent = proved(problem, solver=solver, threads=threads)
    check(problem, 11 if least == 11 else None, incumbent, sent, reason)


def test_searches_of_several_starts_find_the_same_on_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(tree_search, "FAR_ATTEMPTS", 60)
    t = tables(reduced(clique_covers(6, 4)))
    found = []
    for threads in (1, 2, 3):
        incumbent = mask_incumbent(t, seconds=LONG_S, send=lambda _: None)
        searches = [Improver(t, seed=seed) for seed in range(3)]
        improve_beyond(0.1, t, incumbent, searches, np.full(t.size, 0.5), threads=threads)
        found.append((objective_of(t, incumbent.best), [one.best.tolist() for one in searches]))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == min(objective_of(t, one.best) for one in searches)


def test_a_single_search_ends_within_the_gap():
    t = tables(reduced(clique_covers(6, 4)))
    incumbent = mask_incumbent(t, seconds=LONG_S, send=lambda _: None)
    incumbent.plan(np.ones(t.size + 1, bool), "start")
    incumbent.bound(1.0, "relaxation")
    gap = incumbent.gap()
    improve_beyond(gap, t, incumbent, [Improver(t, seed=0)], np.full(t.size, 0.5))
    assert incumbent.gap() == gap


def test_searches_end_after_their_share_of_the_time(monkeypatch):
    t, looks = tables(reduced(clique_covers(6, 4))), itertools.count()
    incumbent = mask_incumbent(t, seconds=LONG_S, send=lambda _: None)
    monkeypatch.setattr(incumbent, "left", lambda: 1.0 - 0.001 * next(looks))
    improve_beyond(0.1, t, incumbent, [Improver(t, seed=0) for _ in range(50)], np.full(t.size, 0.5))
    assert incumbent.left() == pytest.approx(1.0 - tree_search.FAR_SHARE, abs=0.3)
