"""Numbers beyond what doubles count exactly: brought down where that changes no plan, else refused."""

from __future__ import annotations

import importlib.util
import itertools
import time
from dataclasses import replace

import pytest
from core_drawing import brute_force, dense_problem, enlarged, line, plan_value
from problem_files import as_json
from ring_drawing import phased, ring_problem, ringed, square, whole_brute_force
from tiers import thinned

from optimiser.engine.child import ChildProcess
from optimiser.engine.methods.bound_prover import prove_bound
from optimiser.engine.presolve.magnitudes import LARGEST_SUM, bounded
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.problem import Candidate, Capacity, Pair, Target, load
from optimiser.problem.errors import ProblemError
from optimiser.verify.bound_checker import Model, check_bound

HUGE = 2**62


@pytest.fixture(scope="module")
def process():
    """Return a solver process that serves all solves of this module."""
    with ChildProcess() as found:
        yield found


def with_costs(problem, **costs):
    candidates = (replace(c, cost=costs.get(c.id, c.cost)) for c in problem.candidates)
    return problem.replace(candidates=tuple(candidates))


def test_numbers_that_add_up_stay_as_they_are():
    problem = line(budget=LARGEST_SUM)
    assert bounded(problem) is problem


def test_more_money_than_anything_costs_is_what_it_costs():
    assert bounded(line(budget=HUGE)).budget == sum(c.cost for c in line().candidates)
    phases = bounded(
        phased(periods=tuple(replace(p, budget=HUGE // 4) for p in phased().periods), budget=HUGE // 2)
    )
    assert phases.budget == sum(c.cost for c in phased().candidates) == phases.periods[0].budget
    assert phases.periods[1].budget == 0


def test_what_costs_more_than_there_is_leaves_and_what_must_be_built_leaves_no_plan():
    (dear, *_), (kept, *_) = bounded(with_costs(line(), ac=HUGE)).candidates, line().candidates
    assert (dear.id, dear.fixed, dear.cost, kept.fixed) == ("ac", "out", 0, None)
    must = with_costs(line(), ac=HUGE)
    must = must.replace(candidates=(replace(must.candidates[0], fixed="in"), *must.candidates[1:]))
    assert bounded(must).candidates[0].cost == must.budget + 1


def test_a_capacity_that_nothing_can_take_decides_what_is_coverable():
    narrow = (Capacity("line", (("ac", HUGE), ("bd", 3)), 4),)
    out = bounded(line(capacities=narrow))
    assert (out.candidates[0].fixed, out.capacities) == ("out", (Capacity("line", (("bd", 3),), 3),))
    # Where each coverable pair must be covered, leaving `ac` out would make its pairs uncoverable.
    must = bounded(line(capacities=narrow, budget=None))
    assert (must.candidates[0].fixed, must.capacities[0].use[0]) == (None, ("ac", 5))


def test_targets_lengths_leads_and_limits_end_where_nothing_can_exceed_them():
    found = bounded(line(targets=(Target("core", HUGE),), pairs=(Pair(0, 1, 2**61, 3, "core"),)))
    assert (found.targets[0].least, found.pairs[0].limit) == (4, 300)
    ring = square(longest=HUGE)
    long = replace(ring, links=tuple(replace(a, length=7) for a in ring.links))
    assert bounded(ringed(long)).rings[0].longest == 7 * len(ring.links)
    late = phased().replace(candidates=(replace(phased().candidates[0], lead=HUGE), *phased().candidates[1:]))
    assert bounded(late).candidates[0].lead == len(late.periods)


def test_every_number_that_cannot_be_counted_is_named():
    pairs = (Pair(0, 1, 10, LARGEST_SUM), Pair(0, 2, 10, 1))
    halves = tuple(Candidate(name, LARGEST_SUM // 2 + 1, ((0, 1, 1),)) for name in "ab")
    with pytest.raises(ProblemError) as refused:
        bounded(line(pairs=pairs, candidates=halves, budget=LARGEST_SUM))
    assert refused.value.faults == (
        "candidates.cost, of all: 9,007,199,254,740,992; at most 9,007,199,254,740,991 is exact",
        "weights, rewards, of all periods: 9,007,199,254,740,992; at most 9,007,199,254,740,991 is exact",
    )


@pytest.mark.parametrize("seed", thinned(range(400), 40))
def test_every_set_of_candidates_keeps_its_feasibility_and_worth(seed):
    problem = enlarged(dense_problem(seed), seed)
    try:
        small = bounded(problem)
    except ProblemError:
        return
    names = [c.id for c in problem.candidates]
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            assert plan_value(small, built) == plan_value(problem, built)


@pytest.mark.shared
@pytest.mark.parametrize("variant", ["auto", "cuts", "paths", "benders", "compact"])
@pytest.mark.parametrize("name", ["budget", "cap", "toobig_inf"])
def test_problems_beyond_double_precision_are_refused_by_every_variant(shared_dir, name, variant):
    problem = load(shared_dir / "instances" / "hostile" / f"{name}.json")
    with pytest.raises(
        ProblemError, match=r"candidates.cost, of all: [0-9,]+; at most 9,007,199,254,740,991"
    ):
        solve(problem, variant=variant, params=SolveParameters(time_limit_s=60))


@pytest.mark.parametrize("seed", thinned([7, 15, 53, 317, 355], 2))
def test_what_solvers_cannot_tell_apart_is_proved_in_integers(seed, process):
    """Objectives of 1e9 and more, at which a gap of 0 in double precision proves nothing to the unit."""
    draw, best = (ring_problem, whole_brute_force) if seed in (15, 355) else (dense_problem, brute_force)
    problem = enlarged(draw(seed), seed)
    for variant in ("auto", "compact"):
        params = SolveParameters(gap=0.0, time_limit_s=60)
        found = solve(problem, variant=variant, params=params, run=process)
        assert found.objective == found.bound == best(problem) > 10**9
        assert found.termination == "proof"


LEFT_OPEN = [
    (dense_problem, 6081, "compact", "scip"),
    (ring_problem, 5710, "compact", "scip"),
    (ring_problem, 13758, "cuts", "highs"),
    (dense_problem, 17059, "paths", "highs"),
    (ring_problem, 13292, "compact", "scip"),
    (ring_problem, 6512, "auto", "auto"),
    (dense_problem, 24543, "compact", "scip"),
    (dense_problem, 10536, "compact", "cpsat"),
    (ring_problem, 6169, "compact", "scip"),
    (dense_problem, 8627, "paths", "highs"),
    (ring_problem, 8786, "compact", "highs"),
    (ring_problem, 10783, "cuts", "highs"),
    (ring_problem, 11557, "compact", "highs"),
    (ring_problem, 13019, "compact", "highs"),
    (ring_problem, 13142, "auto", "auto"),
    (dense_problem, 14649, "compact", "scip"),
    (dense_problem, 16379, "paths", "highs"),
    (ring_problem, 21249, "compact", "cpsat"),
    (ring_problem, 28701, "cuts", "highs"),
]
"""Problems by number that a solver left open, lost every plan of, or answered with a plan that costs too much
or with a false optimum: its tolerances span whole units."""


@pytest.mark.parametrize(("draw", "number", "variant", "solver"), thinned(LEFT_OPEN, 5))
def test_what_solvers_leave_open_is_solved_in_integers(draw, number, variant, solver, process):
    if solver == "cpsat" and importlib.util.find_spec("ortools") is None:
        pytest.skip("OR-Tools is not installed")
    problem = enlarged(draw(number), number)
    params = SolveParameters(solver=solver, gap=0.0, time_limit_s=60, threads=1)
    found = solve(problem, variant=variant, params=params, run=process)
    best = (brute_force if draw is dense_problem else whole_brute_force)(problem)
    if best is None:
        assert (found.status, found.termination) == ("infeasible", "infeasible")
    else:
        assert found.objective == found.bound == best
        assert found.termination == "proof"
    assert found.variant == ("cuts" if variant == "auto" else variant)


def test_in_a_bench_a_plan_that_costs_too_much_is_a_failure_of_the_solver(process):
    problem = enlarged(dense_problem(6081), 6081)
    alone = SolveParameters(solver="scip", time_limit_s=60, threads=1, second_solver=False)
    with pytest.raises(SolveFailure, match="more than the budget of 299067163928697"):
        solve(problem, variant="compact", params=alone, run=process)


@pytest.mark.parametrize("draw", [dense_problem, ring_problem])
@pytest.mark.parametrize("seed", thinned(range(30_000, 30_040), 6))
def test_the_prover_finds_the_optimum_of_large_numbers_by_itself(draw, seed):
    try:
        problem = bounded(enlarged(draw(seed), seed))
    except ProblemError:
        return
    best = (brute_force if draw is dense_problem else whole_brute_force)(problem)
    end, plans = time.monotonic() + 60, []
    proof = prove_bound(problem, None, seed=1, left=lambda: end - time.monotonic(), send=plans.append)
    assert check_bound(Model(as_json(problem)), proof.document) == proof.bound == best
    assert bool(plans) == (best is not None)
