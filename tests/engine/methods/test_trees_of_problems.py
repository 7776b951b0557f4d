from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from core_drawing import brute_force, dense_problem, line, side_problems
from cut_drawing import meshes, two_of_three
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.engine.backends.live_program import LiveProgram
from optimiser.engine.methods.branching.nodes import Node
from optimiser.engine.methods.branching.tree import Diver, Rules
from optimiser.engine.methods.branching.tree import search
from optimiser.engine.methods.cut_opening import Scale
from optimiser.engine.methods.cuts.relaxation import CutFinder
from optimiser.engine.methods.variants.cuts import run
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.problem import Candidate, DesignProblem, Pair


def halves(cliques, size):
    """Return vertex cover on some full graphs: the pair of an edge needs one of two candidates, one a vertex.

    Candidate u opens the arc from node 2u to 2u + 1; the relaxation builds one half of each.
    """
    arcs, pairs, nodes = [], [], 2 * cliques * size
    for ends in itertools.combinations(range(cliques * size), 2):
        if ends[0] // size != ends[1] // size:
            continue
        arcs += [(nodes, 2 * u, 1) for u in ends] + [(2 * u + 1, nodes + 1, 1) for u in ends]
        pairs.append(Pair(nodes, nodes + 1, 3, 1))
        nodes += 2
    return DesignProblem(
        name="halves",
        nodes=tuple(f"n{i:03d}" for i in range(nodes)),
        arcs=tuple(arcs),
        candidates=tuple(
            Candidate(f"c{u}", 20 + 3 * u % 5, ((2 * u, 2 * u + 1, 1),)) for u in range(cliques * size)
        ),
        pairs=tuple(pairs),
        budget=None,
    )


FIRST_RUN_S = 300.0
"""Room for the compilation of a first run on a slow and busy machine; the clock must not decide a proof."""

BARE = Rules(length=3, rounds=0)
"""Cuts at points without fractions alone, so that small problems branch too."""


def proved(problem, *, threads=1, seconds=FIRST_RUN_S, gap=0.0):
    """Return the reason, the progress, and what was sent, of the method on a reduced problem."""
    sent = []
    progress = mask_incumbent(tables(problem), seconds=seconds, send=sent.append)
    task = Task(problem, "cuts", seconds, gap, threads, 0, "highs")
    reason, _ = run(tables(problem), progress, task)
    return reason, progress, sent


def branched(problem, *, threads=1, rules=BARE, left=lambda: 10.0, rounds=10**6):
    """Search the tree from a relaxation without cuts; return outcome, best plan, reports, and the scale."""
    t = tables(problem)
    scale = Scale(t, LiveProgram(problem, seed=0).divisor)
    programs = [LiveProgram(problem, seed=0) for _ in range(threads)]
    middle, weight = np.full(t.size, 0.5), np.ones(len(t.limit))
    divers = [
        Diver(program, CutFinder.of(t), middle, weight, scale.worth_of, left, rules, 0)
        for program in programs
    ]
    reports, best = [], [(-math.inf, None)]

    def tell(report):
        reports.append(report)
        for plan in report.plans:
            best.append(max(best[-1], (scale.worth_of(plan), plan), key=lambda pair: pair[0]))
        return best[-1][0], len(reports) >= rounds

    root = Node.root(programs[0].solve(seconds=10))
    return search(root, divers, cutoff=-math.inf, tell=tell), best[-1][1], reports, scale


def small(problem):
    """Return a reduced problem, None when nothing is left of it."""
    found = reduce(problem).problem
    return found if found.candidates and found.pairs else None


def check(problem, outcome, plan, scale):
    best = brute_force(problem)
    assert outcome.complete
    if best is None:
        assert (outcome.bound, plan) == (-math.inf, None)
    else:
        t = tables(problem)
        assert fits(t, plan)
        assert objective_of(t, plan) == best
        assert scale.objective(outcome.bound) == best


@given(side_problems(), st.sampled_from([1, 2]))
@settings(max_examples=100, deadline=None)
def test_a_tree_ends_at_the_best_plan_whatever_the_side_constraints(problem, threads):
    problem = small(problem)
    if problem is not None:
        outcome, plan, _, scale = branched(problem, threads=threads)
        check(problem, outcome, plan, scale)


@pytest.mark.parametrize("seed", range(40))
def test_a_tree_of_a_dense_problem_ends_at_the_best_plan(seed):
    problem = small(dense_problem(seed))
    if problem is not None:
        outcome, plan, _, scale = branched(problem, threads=1 + seed % 3)
        check(problem, outcome, plan, scale)


@given(meshes() | meshes(budget="some"), st.sampled_from([Rules(), BARE]))
@settings(max_examples=60, deadline=None)
def test_a_tree_of_a_mesh_with_long_candidates_ends_at_the_best_plan(problem, rules):
    outcome, plan, _, scale = branched(problem, rules=rules)
    check(problem, outcome, plan, scale)


@given(meshes(budget="some"), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_tree_that_is_told_to_end_says_a_bound_that_holds(problem, rounds):
    outcome, _, reports, scale = branched(problem, rules=Rules(length=1, rounds=0), rounds=rounds)
    best = brute_force(problem)
    assert scale.objective(outcome.bound) >= best - 1e-5
    assert all(scale.objective(report.bound) >= best - 1e-5 for report in reports)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cover_of_all_edges_of_full_graphs_leaves_out_the_dearest_vertices(threads):
    problem = halves(3, 5)
    outcome, plan, _, scale = branched(problem, threads=threads, rules=Rules())
    costs = np.array([c.cost for c in problem.candidates])
    assert outcome.complete
    assert scale.objective(outcome.bound) == plan[:-1] @ costs
    assert plan[:-1] @ costs == costs.sum() - costs.reshape(3, 5).max(axis=1).sum()


@pytest.mark.parametrize("threads", [1, 2])
def test_two_runs_with_as_many_workers_find_the_same_in_as_many_nodes(threads):
    problem = halves(5, 3)
    first, second = (branched(problem, threads=threads) for _ in range(2))
    assert (first[1] == second[1]).all()
    assert [(r.bound, r.nodes, r.cuts) for r in first[2]] == [(r.bound, r.nodes, r.cuts) for r in second[2]]
    assert sum(report.nodes for report in first[2]) > 20


@pytest.mark.parametrize("threads", [1, 2])
def test_the_method_proves_the_line(threads):
    problem = reduce(line()).problem
    reason, progress, _ = proved(problem, threads=threads)
    assert (reason, objective_of(tables(problem), progress.best)) == ("proof", brute_force(problem))


@given(side_problems())
@settings(max_examples=60, deadline=None)
def test_the_method_proves_what_trying_every_plan_finds(problem):
    problem = small(problem)
    if problem is None:
        return
    reason, progress, sent = proved(problem)
    best = brute_force(problem)
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    if best is None:
        assert (reason, progress.best) == ("infeasible", None)
    else:
        assert (reason, objective_of(tables(problem), progress.best)) == ("proof", best)
        assert all(bound <= best if problem.budget is None else bound >= best for bound in bounds)


def test_constraints_that_no_plan_keeps_are_proved_to_be_so():
    reason, progress, _ = proved(two_of_three(excludes=(("c0", "c1"), ("c0", "c2"), ("c1", "c2"))))
    assert (reason, progress.best) == ("infeasible", None)


def test_a_relaxation_with_points_but_no_plan_is_proved_to_have_none():
    excludes = (("c0", "c1"), ("c0", "c2"), ("c1", "c2"))
    outcome, plan, reports, _ = branched(two_of_three(excludes=excludes))
    assert (outcome.bound, outcome.complete, plan) == (-math.inf, True, None)
    assert reports


def test_without_time_the_reason_is_time():
    assert proved(two_of_three(budget=1), seconds=0.0)[0] == "time"


def test_a_gap_that_is_asked_for_ends_the_method_early():
    reason, progress, _ = proved(halves(5, 3), gap=0.9)
    assert reason in {"gap", "proof"}
    assert progress.gap() <= 0.9
